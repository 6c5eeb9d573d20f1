/* Ends with status 3, whatever compiles it. */
int main(void) { return 3; }
