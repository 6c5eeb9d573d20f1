; Shifts by variables, of each legal width: 5 shifted left by 2 is 20; the least number shifted right by all but 4 of its bits is 8
; without sign and -8 with it, and subtracting tells one from the other.
; EXPECT: 72

define i16 @shift16(i16 %x, i16 %by, i16 %least, i16 %far) {
  %left = shl i16 %x, %by
  %right = lshr i16 %least, %far
  %kept = ashr i16 %least, %far
  %both = add i16 %left, %right
  %result = sub i16 %both, %kept
  ret i16 %result
}

define i32 @shift32(i32 %x, i32 %by, i32 %least, i32 %far) {
  %left = shl i32 %x, %by
  %right = lshr i32 %least, %far
  %kept = ashr i32 %least, %far
  %both = add i32 %left, %right
  %result = sub i32 %both, %kept
  ret i32 %result
}

define i32 @main() {
  %r0 = add i32 0, 0
  %c16 = call i16 @shift16(i16 5, i16 2, i16 -32768, i16 12)
  %w16 = zext i16 %c16 to i32
  %r1 = add i32 %r0, %w16
  %c32 = call i32 @shift32(i32 5, i32 2, i32 -2147483648, i32 28)
  %w32 = add i32 %c32, 0
  %r2 = add i32 %r1, %w32
  ret i32 %r2
}
