/* A function in a function, which GCC takes and clang does not. */
int main(void) {
  int inner(void) { return 0; }
  return inner();
}
