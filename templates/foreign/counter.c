/* A plug-in of QEMU (version 1 of its interface, QEMU 4.2 to 8) that counts executed instructions. The declarations are those of QEMU's
   documentation, "TCG Plugins API". */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct block;
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*called)(uint64_t id, struct block *block));
void qemu_plugin_register_vcpu_tb_exec_inline(struct block *block, int operation, void *counter, uint64_t added);
void qemu_plugin_register_atexit_cb(uint64_t id, void (*called)(uint64_t id, void *data), void *data);
size_t qemu_plugin_tb_n_insns(const struct block *block);
void qemu_plugin_outs(const char *text);

int qemu_plugin_version = 1;
static uint64_t executed;

static void translated(uint64_t id, struct block *block) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_inline(block, 0 /* QEMU_PLUGIN_INLINE_ADD_U64 */, &executed, qemu_plugin_tb_n_insns(block));
}

static void ended(uint64_t id, void *data) {
  char text[40];
  (void)id, (void)data;
  snprintf(text, sizeof text, "executed: %llu\n", (unsigned long long)executed);
  qemu_plugin_outs(text);
}

int qemu_plugin_install(uint64_t id, const void *info, int count, char **arguments) {
  (void)info, (void)count, (void)arguments;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, ended, NULL);
  return 0;
}
