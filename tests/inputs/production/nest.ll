; A static chain, sret and byval together, a thunk.
%pair = type { i32, i32, i32, i32, i32 }
define internal void @inner(ptr sret(%pair) %out, i32 %a, ptr byval(%pair) align 4 %in, i32 %b) noinline {
  %p = getelementptr %pair, ptr %in, i32 0, i32 4
  %v = load i32, ptr %p
  store i32 0, ptr %p
  %s = add i32 %v, %a
  %t = add i32 %s, %b
  %q = getelementptr %pair, ptr %out, i32 0, i32 2
  store i32 %t, ptr %q
  ret void
}
define internal i32 @chained(ptr nest %chain, i32 %a) noinline {
  %v = load i32, ptr %chain
  %s = add i32 %v, %a
  ret i32 %s
}
define internal i32 @method(ptr %this, i32 %n) noinline {
  %v = load i32, ptr %this
  %s = add i32 %v, %n
  ret i32 %s
}
define internal i32 @thunk(ptr %this, i32 %n) noinline {
  %adjusted = getelementptr i8, ptr %this, i32 -4
  %r = musttail call i32 @method(ptr %adjusted, i32 %n)
  ret i32 %r
}
define i32 @main() {
  %in = alloca %pair
  %out = alloca %pair
  %p = getelementptr %pair, ptr %in, i32 0, i32 4
  store i32 30, ptr %p
  store i32 4, ptr %in
  call void @inner(ptr sret(%pair) %out, i32 5, ptr byval(%pair) align 4 %in, i32 7)
  %q = getelementptr %pair, ptr %out, i32 0, i32 2
  %v = load i32, ptr %q
  %same = load i32, ptr %p
  %c = call i32 @chained(ptr nest %in, i32 6)
  %second = getelementptr i8, ptr %in, i32 4
  %t = call i32 @thunk(ptr %second, i32 8)
  %s1 = add i32 %v, %same
  %s2 = add i32 %s1, %c
  %s3 = add i32 %s2, %t
  %r = sub i32 %s3, 94
  ret i32 %r
}
