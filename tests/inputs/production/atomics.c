/* Atomic operations of every width; the library's functions are those of one thread. */
/* What these names stand for the language keeps for itself. */
typedef __SIZE_TYPE__ word;
void fence(void) __asm__("__sync_synchronize");
void fence(void) {}
static void copied(word n, const char *from, char *to) {
  for (word i = 0; i < n; ++i)
    ((volatile char *)to)[i] = from[i];
}
void any_load(word n, const void *p, void *to, int o) __asm__("__atomic_load");
void any_load(word n, const void *p, void *to, int o) { (void)o; copied(n, p, to); }
void any_store(word n, void *p, const void *v, int o) __asm__("__atomic_store");
void any_store(word n, void *p, const void *v, int o) { (void)o; copied(n, v, p); }
void any_exchange(word n, void *p, const void *v, void *old, int o) __asm__("__atomic_exchange");
void any_exchange(word n, void *p, const void *v, void *old, int o) { (void)o; copied(n, p, old); copied(n, v, p); }
_Bool any_compare(word n, void *p, void *e, const void *v, int s, int f) __asm__("__atomic_compare_exchange");
_Bool any_compare(word n, void *p, void *e, const void *v, int s, int f) {
  (void)s, (void)f;
  for (word i = 0; i < n; ++i)
    if (((char *)p)[i] != ((char *)e)[i]) {
      copied(n, p, e);
      return 0;
    }
  copied(n, v, p);
  return 1;
}
#define WIDTH(n, type)                                                                                                                 \
  type __atomic_load_##n(type *p, int o) { (void)o; return *(volatile type *)p; }                                                      \
  void __atomic_store_##n(type *p, type v, int o) { (void)o; *(volatile type *)p = v; }                                                \
  type __atomic_exchange_##n(type *p, type v, int o) { (void)o; type old = *p; *(volatile type *)p = v; return old; }                  \
  type __atomic_fetch_add_##n(type *p, type v, int o) { (void)o; type old = *p; *(volatile type *)p = (type)(old + v); return old; }    \
  type __atomic_fetch_sub_##n(type *p, type v, int o) { (void)o; type old = *p; *(volatile type *)p = (type)(old - v); return old; }    \
  type __atomic_fetch_and_##n(type *p, type v, int o) { (void)o; type old = *p; *(volatile type *)p = old & v; return old; }            \
  type __atomic_fetch_or_##n(type *p, type v, int o) { (void)o; type old = *p; *(volatile type *)p = old | v; return old; }             \
  type __atomic_fetch_xor_##n(type *p, type v, int o) { (void)o; type old = *p; *(volatile type *)p = old ^ v; return old; }            \
  type __atomic_fetch_nand_##n(type *p, type v, int o) { (void)o; type old = *p; *(volatile type *)p = (type)~(old & v); return old; }  \
  _Bool __atomic_compare_exchange_##n(type *p, type *e, type v, int s, int f) {                                                        \
    (void)s, (void)f;                                                                                                                  \
    type old = *(volatile type *)p;                                                                                                    \
    _Bool same = old == *e;                                                                                                            \
    if (same)                                                                                                                          \
      *(volatile type *)p = v;                                                                                                         \
    else                                                                                                                               \
      *e = old;                                                                                                                        \
    return same;                                                                                                                       \
  }                                                                                                                                    \
  static type cell##n;                                                                                                                 \
  __attribute__((noinline)) static int width##n(_Atomic type *p) {                                                                     \
    *p = 5;                                                                                                                            \
    if (__c11_atomic_fetch_add(p, 3, __ATOMIC_SEQ_CST) != 5 || __c11_atomic_fetch_xor(p, 1, __ATOMIC_RELAXED) != 8)                    \
      return 1;                                                                                                                        \
    if (__c11_atomic_fetch_nand(p, 3, __ATOMIC_ACQ_REL) != 9 || *p != (type)~1)                                                        \
      return 2;                                                                                                                        \
    if (__c11_atomic_fetch_max(p, 7, __ATOMIC_SEQ_CST) != (type)~1 || __c11_atomic_exchange(p, 20, __ATOMIC_RELEASE) != (type)~1)      \
      return 3;                                                                                                                        \
    type expected = 19;                                                                                                                \
    if (__c11_atomic_compare_exchange_strong(p, &expected, 1, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) || expected != 20)                   \
      return 4;                                                                                                                        \
    if (!__c11_atomic_compare_exchange_weak(p, &expected, 1, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED) || *p != 1)                           \
      return 5;                                                                                                                        \
    __c11_atomic_thread_fence(__ATOMIC_SEQ_CST);                                                                                       \
    __c11_atomic_signal_fence(__ATOMIC_SEQ_CST);                                                                                       \
    return 0;                                                                                                                          \
  }
WIDTH(1, unsigned char)
WIDTH(2, unsigned short)
WIDTH(4, unsigned)
WIDTH(8, unsigned long long)

int main(void) {
  int wrong = width1((_Atomic unsigned char *)&cell1);
  if (wrong)
    return 10 + wrong;
  if ((wrong = width2((_Atomic unsigned short *)&cell2)))
    return 20 + wrong;
  if ((wrong = width4((_Atomic unsigned *)&cell4)))
    return 40 + wrong;
  if ((wrong = width8((_Atomic unsigned long long *)&cell8)))
    return 80 + wrong;
  return 0;
}
