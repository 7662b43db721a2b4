// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs and libraries that come from the mounts under test. The tool's own file lies in the images:
 *   self            says where its text comes from, and waits
 *   calls           calls the probed function as often as its stdin asks
 *   lib FILE AT     the same with the function at offset AT of a mapped FILE, as a dynamic linker maps
 *                   a library
 *   probe-at        the offset of that function in the program's own file
 *   exec-pair A B   runs both, compares their text by page frames, and writes a breakpoint into one
 *
 * Rule: the probed function is position independent and does not straddle a page, so that any mapping
 * of the file can be called.
 */
#include "eistool.h"

#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
#error the probed function is written for x86-64
#endif

long eis_probed(long x);
__asm__(".text\n.balign 64\n.globl eis_probed\n.type eis_probed, @function\neis_probed:\n"
	"push %rbp\nmov %rsp, %rbp\nlea 1(%rdi), %rax\npop %rbp\nret\n.size eis_probed, .-eis_probed\n"
	".balign 64\n");

static int find_text(struct dl_phdr_info *info, size_t size, void *offset)
{
	uintptr_t at = (uintptr_t)eis_probed - info->dlpi_addr;
	int i;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_LOAD && at >= p->p_vaddr && at < p->p_vaddr + p->p_filesz) {
			*(uint64_t *)offset = at - p->p_vaddr + p->p_offset;
			return 1;
		}
	}
	return 0;
}

static uint64_t probe_offset(void)
{
	uint64_t offset = 0;

	if (!dl_iterate_phdr(find_text, &offset))
		die("the probed function is in no segment of the program");
	return offset;
}

int cmd_probe_at(int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return EX_USAGE;
	printf("0x%llx\n", (unsigned long long)probe_offset());
	return EX_OK;
}

static void *page_of(const void *p)
{
	return (void *)((uintptr_t)p & ~4095UL);
}

/* self: one line about its own text, then waits for the end of stdin */
int cmd_self(int argc, char **argv)
{
	uint64_t *pfn = pfn_of_map(page_of(eis_probed), 1, true);
	char exe[4096], c;
	struct stat st;
	ssize_t n;

	(void)argv;
	if (argc != 1)
		return EX_USAGE;
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n < 0 || stat("/proc/self/exe", &st))
		die("/proc/self/exe: %s", errname(errno));
	exe[n] = 0;
	printf("%llx %lx %s %u:%u %llu\n", (unsigned long long)*pfn, (unsigned long)(uintptr_t)eis_probed, exe,
	       major(st.st_dev), minor(st.st_dev), (unsigned long long)st.st_ino);
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	/* What its text holds now; a breakpoint would be 0xcc. */
	printf("%02x\n", *(volatile uint8_t *)eis_probed);
	return EX_OK;
}

/* Lines on stdin say how many calls; each is answered. */
static int serve(long (*fn)(long))
{
	char line[64];

	printf("ready\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		long i, n = number(strtok(line, "\n"), "calls"), sum = 0;

		for (i = 0; i < n; i++)
			sum += fn(i) - i;
		if (sum != n)
			fail("%ld calls returned %ld", n, sum);
		printf("called %ld\n", n);
		fflush(stdout);
	}
	return verdict();
}

int cmd_calls(int argc, char **argv)
{
	(void)argv;
	return argc == 1 ? serve(eis_probed) : EX_USAGE;
}

int cmd_lib(int argc, char **argv)
{
	uint64_t at;
	uint8_t *map;
	int fd;

	if (argc != 3)
		return EX_USAGE;
	at = number(argv[2], "offset");
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", argv[1], errname(errno));
	map = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, at & ~4095UL);
	if (map == MAP_FAILED)
		die("%s: mmap: %s", argv[1], errname(errno));
	close(fd);
	/* One breakpoint may be there already. */
	if (memcmp(map + at % 4096 + 1, (uint8_t *)eis_probed + 1, 8))
		die("%s: the probed function is not at %llu", argv[1], (unsigned long long)at);
	return serve((long (*)(long))(map + at % 4096));
}

/* ------------------------------------------------------------------ exec-pair */

struct child {
	const char *path;
	pid_t pid;
	int in;
	FILE *out;
	unsigned long long pfn, ino;
	unsigned long addr;
	unsigned int maj, min;
	char exe[4096];
};

static void run_child(struct child *c, const char *path)
{
	int in[2], out[2];
	char line[8192];

	c->path = path;
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		die("pipe: %s", errname(errno));
	fflush(stdout);
	c->pid = fork();
	if (!c->pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl(path, path, "self", NULL);
		printf("!%s\n", errname(errno));
		fflush(stdout);
		_exit(1);
	}
	close(in[0]);
	close(out[1]);
	c->in = in[1];
	c->out = fdopen(out[0], "r");
	if (!fgets(line, sizeof(line), c->out) ||
	    sscanf(line, "%llx %lx %4095s %u:%u %llu", &c->pfn, &c->addr, c->exe, &c->maj, &c->min, &c->ino) != 6)
		die("%s: cannot be executed: %s", path, line);
}

/* Its first byte of the probed function, as it sees it at its end. */
static unsigned int end_child(struct child *c)
{
	unsigned int byte = 0x100;
	int status;

	close(c->in);
	if (fscanf(c->out, "%x", &byte) != 1)
		fail("%s: ended without a word", c->path);
	fclose(c->out);
	if (waitpid(c->pid, &status, 0) != c->pid || status)
		fail("%s: ended with status %x", c->path, status);
	return byte;
}

static void check_exe(const struct child *c)
{
	struct stat st;

	if (stat(c->path, &st))
		die("%s: %s", c->path, errname(errno));
	if (strcmp(c->exe, c->path) || st.st_ino != c->ino || major(st.st_dev) != c->maj || minor(st.st_dev) != c->min)
		fail("%s: /proc/PID/exe is %s, %u:%u inode %llu; should be %u:%u inode %llu", c->path, c->exe, c->maj,
		     c->min, c->ino, major(st.st_dev), minor(st.st_dev), (unsigned long long)st.st_ino);
}

/* As a debugger does it: whatever the mapping's protection, the process gets a page of its own. */
void set_breakpoint(pid_t pid, uintptr_t addr)
{
	long word;

	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) || waitpid(pid, NULL, 0) != pid)
		die("ptrace of %d: %s", pid, errname(errno));
	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, pid, (void *)addr, NULL);
	if (errno || ptrace(PTRACE_POKETEXT, pid, (void *)addr, (void *)((word & ~0xffL) | 0xcc)))
		die("setting a breakpoint in %d: %s", pid, errname(errno));
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
}

/* exec-pair --shared|--alone A B: paths must be what the kernel calls the files */
int cmd_exec_pair(int argc, char **argv)
{
	struct child a, b, c;
	unsigned int byte;
	bool shared;

	if (argc != 4)
		return EX_USAGE;
	shared = !strcmp(argv[1], "--shared");
	if (!shared && strcmp(argv[1], "--alone"))
		return EX_USAGE;
	run_child(&a, argv[2]);
	run_child(&b, argv[3]);
	check_exe(&a);
	check_exe(&b);
	if ((a.pfn == b.pfn) != shared)
		fail("text of %s is in frame %llx, that of %s in %llx: should be %s", a.path, a.pfn, b.path, b.pfn,
		     shared ? "one" : "two");
	set_breakpoint(a.pid, a.addr);
	run_child(&c, argv[2]);
	byte = end_child(&a);
	if (byte != 0xcc)
		fail("%s: the breakpoint is not there (%02x)", a.path, byte);
	byte = end_child(&b);
	if (byte != 0x55)
		fail("%s: another process's breakpoint is in its text (%02x)", b.path, byte);
	byte = end_child(&c);
	if (byte != 0x55)
		fail("%s: another process's breakpoint is in a later run (%02x)", c.path, byte);
	return verdict();
}
