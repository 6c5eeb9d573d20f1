; Calls with landing pads: the tables are written, and what is not thrown goes on.
declare i32 @personality(...)
define internal i32 @may(i32 %n) noinline {
  %r = add i32 %n, 1
  ret i32 %r
}
define i32 @guarded(i32 %n) personality ptr @handler {
  %r = invoke i32 @may(i32 %n) to label %fine unwind label %pad
fine:
  ret i32 %r
pad:
  %e = landingpad { ptr, i32 } cleanup catch ptr null
  %code = extractvalue { ptr, i32 } %e, 1
  ret i32 %code
}
define i32 @handler(i32 %a) {
  ret i32 %a
}
define i32 @main() {
  %r = call i32 @guarded(i32 41)
  %d = sub i32 %r, 42
  ret i32 %d
}
