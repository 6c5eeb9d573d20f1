/* Thread-local variables through the emulation of the run-time library. */
typedef __SIZE_TYPE__ word;
struct control { word size, align; union { word index; void *address; } object; void *value; };
static char room[256];
static word used;
void *__emutls_get_address(struct control *c) {
  if (!c->object.address) {
    used = (used + c->align - 1) & -c->align;
    char *made = room + used;
    used += c->size;
    for (word i = 0; i < c->size; ++i)
      made[i] = c->value ? ((char *)c->value)[i] : 0;
    c->object.address = made;
  }
  return c->object.address;
}
static _Thread_local int counter = 40;
_Thread_local char text[4] = "abc";
_Thread_local long long zeros;
__attribute__((noinline)) static int next(void) { return ++counter; }
int main(void) {
  next();
  zeros += 3;
  return next() != 42 || text[1] != 'b' || zeros != 3;
}
