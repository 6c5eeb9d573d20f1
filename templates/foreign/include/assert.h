void __assert_fail(const char *what);
#undef assert
#define assert(condition) ((condition) ? (void)0 : __assert_fail(#condition))
