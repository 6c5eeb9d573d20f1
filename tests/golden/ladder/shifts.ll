; Shifts by variables, of each legal width.
; EXPECT: 94

define i16 @shift16(i16 %x, i16 %negative, i16 %by) {
  %left = shl i16 %x, %by
  %right = lshr i16 %x, %by
  %kept = ashr i16 %negative, %by
  %both = add i16 %left, %right
  %result = add i16 %both, %kept
  ret i16 %result
}

define i32 @shift32(i32 %x, i32 %negative, i32 %by) {
  %left = shl i32 %x, %by
  %right = lshr i32 %x, %by
  %kept = ashr i32 %negative, %by
  %both = add i32 %left, %right
  %result = add i32 %both, %kept
  ret i32 %result
}

define i32 @main() {
  %r0 = add i32 0, 0
  %c16 = call i16 @shift16(i16 12, i16 -16, i16 2)
  %w16 = zext i16 %c16 to i32
  %r1 = add i32 %r0, %w16
  %c32 = call i32 @shift32(i32 12, i32 -16, i32 2)
  %w32 = add i32 %c32, 0
  %r2 = add i32 %r1, %w32
  ret i32 %r2
}
