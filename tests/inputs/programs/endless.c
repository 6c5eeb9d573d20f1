/* Does not end. */
int main(void) {
  for (volatile int again = 1; again;)
    ;
  return 0;
}
