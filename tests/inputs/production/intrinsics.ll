; Intrinsics that every target is asked for.
declare i64 @llvm.readcyclecounter()
declare void @llvm.prefetch.p0(ptr, i32, i32, i32)
declare ptr @llvm.stacksave.p0()
declare void @llvm.stackrestore.p0(ptr)
declare void @llvm.trap()
declare void @llvm.debugtrap()
declare i32 @llvm.fshl.i32(i32, i32, i32)
declare i32 @llvm.bswap.i32(i32)
declare i32 @llvm.ctpop.i32(i32)
declare i32 @llvm.bitreverse.i32(i32)
declare {i32, i1} @llvm.sadd.with.overflow.i32(i32, i32)
declare i32 @llvm.uadd.sat.i32(i32, i32)
declare i32 @llvm.abs.i32(i32, i1)
declare i32 @llvm.smax.i32(i32, i32)
declare i32 @llvm.expect.i32(i32, i32)
declare void @llvm.assume(i1)
declare i32 @llvm.get.rounding()
declare i32 @llvm.cttz.i32(i32, i1)
declare i32 @llvm.ctlz.i32(i32, i1)
@word = global i32 305419896
@zero = global i32 0

define void @abort() {
  ret void
}
define void @stops() noreturn {
  call void @llvm.debugtrap()
  call void @llvm.trap()
  unreachable
}
define i32 @main() {
  %z = load volatile i32, ptr @zero
  %never = icmp ne i32 %z, 0
  br i1 %never, label %stop, label %go
stop:
  call void @stops()
  unreachable
go:
  %t = call i64 @llvm.readcyclecounter()
  call void @llvm.prefetch.p0(ptr @word, i32 0, i32 3, i32 1)
  br label %loop
loop:
  %i = phi i32 [ 0, %go ], [ %i1, %loop ]
  %i1 = add i32 %i, 1
  %sp = call ptr @llvm.stacksave.p0()
  %room = alloca i8, i32 60000
  store volatile i8 1, ptr %room
  call void @llvm.stackrestore.p0(ptr %sp)
  %more = icmp ult i32 %i1, 2000
  br i1 %more, label %loop, label %done
done:
  %w = load volatile i32, ptr @word
  %a = call i32 @llvm.bswap.i32(i32 %w)
  %b = call i32 @llvm.fshl.i32(i32 %a, i32 %w, i32 %z)
  %c = call i32 @llvm.bswap.i32(i32 %b)
  %d = sub i32 %c, %w
  %e = call i32 @llvm.ctpop.i32(i32 %w)
  %f = call {i32, i1} @llvm.sadd.with.overflow.i32(i32 %e, i32 %z)
  %g = extractvalue {i32, i1} %f, 0
  %h = sub i32 %g, 13
  %s = call i32 @llvm.uadd.sat.i32(i32 %w, i32 -1)
  %s1 = add i32 %s, 1
  %x = call i32 @llvm.bitreverse.i32(i32 %w)
  %y = call i32 @llvm.bitreverse.i32(i32 %x)
  %xy = sub i32 %y, %w
  %neg = sub i32 %z, 5
  %abs = call i32 @llvm.abs.i32(i32 %neg, i1 false)
  %max = call i32 @llvm.smax.i32(i32 %abs, i32 3)
  %m5 = sub i32 %max, 5
  %tz = call i32 @llvm.cttz.i32(i32 %z, i1 false)
  %lz = call i32 @llvm.ctlz.i32(i32 %w, i1 false)
  %tz32 = sub i32 %tz, 32
  %lz3 = sub i32 %lz, 3
  %r1 = or i32 %d, %h
  %r2 = or i32 %r1, %s1
  %r3 = or i32 %r2, %xy
  %r4 = or i32 %r3, %m5
  %r5 = or i32 %r4, %tz32
  %r6 = or i32 %r5, %lz3
  ret i32 %r6
}
