; setjmp and longjmp by the compiler's builtins, as clang lowers them: the buffer gets the frame address, the address to go on from is the
; target's, and the stack pointer is the third word.
declare ptr @llvm.frameaddress.p0(i32)
declare ptr @llvm.stacksave.p0()
declare i32 @llvm.eh.sjlj.setjmp(ptr)
declare void @llvm.eh.sjlj.longjmp(ptr)
@buffer = global [5 x ptr] zeroinitializer
@count = global i32 0

define void @away(i32 %n) noinline {
  %c = load volatile i32, ptr @count
  %c1 = add i32 %c, 1
  store volatile i32 %c1, ptr @count
  %more = icmp ne i32 %n, 0
  br i1 %more, label %deeper, label %jump
deeper:
  %n1 = sub i32 %n, 1
  call void @away(i32 %n1)
  call void @away(i32 %n1)
  ret void
jump:
  call void @llvm.eh.sjlj.longjmp(ptr @buffer)
  unreachable
}
define i32 @there(i32 %a, i32 %b) noinline {
  %m = mul i32 %a, 3
  %sum = add i32 %m, %b
  %f = call ptr @llvm.frameaddress.p0(i32 0)
  store ptr %f, ptr @buffer
  %s = call ptr @llvm.stacksave.p0()
  %third = getelementptr [5 x ptr], ptr @buffer, i32 0, i32 2
  store ptr %s, ptr %third
  %r = call i32 @llvm.eh.sjlj.setjmp(ptr @buffer)
  %first = icmp eq i32 %r, 0
  br i1 %first, label %go, label %back
go:
  call void @away(i32 5)
  ret i32 -1
back:
  %c = load volatile i32, ptr @count
  %all = add i32 %sum, %c
  ret i32 %all
}
define i32 @main() {
  %c = load volatile i32, ptr @count
  %a = add i32 %c, 2
  %r = call i32 @there(i32 %a, i32 4)
  %d = sub i32 %r, 16
  ret i32 %d
}
