; Aliases, weak symbols, comdats, sections of one's own, and what runs before main.
@counter = global i32 5
@also = alias i32, ptr @counter
@second = alias i32, getelementptr (i32, ptr @pair, i32 1)
@pair = global [2 x i32] [i32 1, i32 7]
@absent = extern_weak global i32
@weak = weak global i32 9
@apart = global i32 3, section ".data.apart", align 16

define i32 @add(i32 %a, i32 %b) {
  %s = add i32 %a, %b
  ret i32 %s
}
@plus = alias i32 (i32, i32), ptr @add
@pick = weak alias i32 (i32, i32), ptr @add

define internal i32 @inner(i32 %n) noinline section ".text.inner" {
  %s = add i32 %n, 1
  ret i32 %s
}
declare extern_weak i32 @missing(i32)

define i32 @main() {
  store i32 6, ptr @also
  %c = load i32, ptr @counter
  %s = load i32, ptr @second
  %w = load i32, ptr @weak
  %p = load i32, ptr @apart
  %none = icmp eq ptr @absent, null
  %nofunction = icmp eq ptr @missing, null
  %none1 = zext i1 %none to i32
  %none2 = zext i1 %nofunction to i32
  %1 = call i32 @plus(i32 %c, i32 %s)
  %2 = call i32 @pick(i32 %1, i32 %w)
  %3 = call i32 @inner(i32 %2)
  %4 = add i32 %3, %none1
  %5 = add i32 %4, %none2
  %6 = add i32 %5, %p
  %7 = icmp ne i32 %6, 28
  %8 = zext i1 %7 to i32
  ret i32 %8
}
