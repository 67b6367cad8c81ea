/* Modem lines for pseudo-terminals, which have none: to be preloaded (LD_PRELOAD) into a program
 * that is under test. MODEMLINES names a folder. The file there that is named as the terminal (7 for
 * /dev/pts/7) holds a number, the lines that the device drives, as TIOCMGET has them. What the
 * program asks and what it does with its own lines goes to 7.log, a line for each step. It needs no
 * headers, so that tcc alone builds it: tcc -shared -o modemlines.so modemlines.c
 */

enum {
	TIOCMGET = 0x5415, TIOCMBIS, TIOCMBIC, TIOCMSET,
	TIOCSBRK = 0x5427, TIOCCBRK,
	OURS = 0x006, /* DTR and RTS */
	O_RDONLY = 0, O_WRONLY = 1, O_CREAT = 0100, O_APPEND = 02000
};

extern void *dlsym(void *handle, const char *name);
extern char *getenv(const char *name);
extern int ttyname_r(int descriptor, char *name, unsigned long size);
extern char *strrchr(const char *text, int character);
extern int open(const char *path, int flags, ...);
extern int close(int descriptor);
extern long read(int descriptor, void *data, unsigned long size);
extern long write(int descriptor, const void *data, unsigned long size);
extern int snprintf(char *text, unsigned long size, const char *format, ...);
extern long strtol(const char *text, char **end, int base);

#define NEXT ((void *) -1L) /* RTLD_NEXT */

static int ours;

/* Open the file of a terminal; there is none for what is no terminal. */
static int opened(int terminal, const char *ending, int flags)
{
	char name[64], path[512], *number;

	if (!getenv("MODEMLINES") || ttyname_r(terminal, name, sizeof(name)) != 0)
		return -1;
	number = strrchr(name, '/');
	snprintf(path, sizeof(path), "%s%s%s", getenv("MODEMLINES"), number, ending);
	return open(path, flags, 0600);
}

static int told(int terminal, const char *step, int value)
{
	char text[64];
	int size = snprintf(text, sizeof(text), "%s %d\n", step, value);
	int file = opened(terminal, ".log", O_WRONLY | O_CREAT | O_APPEND);

	if (file >= 0) {
		write(file, text, size);
		close(file);
	}
	return 0;
}

static int theirs(int terminal)
{
	char text[32];
	int file = opened(terminal, "", O_RDONLY);
	long size;
	int lines;

	if (file < 0)
		return 0;
	size = read(file, text, sizeof(text) - 1);
	close(file);
	text[size > 0 ? size : 0] = 0;
	lines = (int) strtol(text, 0, 0) & ~OURS;
	told(terminal, "get", lines);
	return lines;
}

static int driven(int terminal, int lines)
{
	ours = lines & OURS;
	return told(terminal, "lines", ours);
}

int ioctl(int descriptor, unsigned long request, ...)
{
	static int (*next)(int, unsigned long, void *);
	__builtin_va_list arguments;
	void *argument;

	__builtin_va_start(arguments, request);
	argument = __builtin_va_arg(arguments, void *);
	__builtin_va_end(arguments);
	switch (request) {
	case TIOCMGET:
		*(int *) argument = theirs(descriptor) | ours;
		return 0;
	case TIOCMSET:
		return driven(descriptor, *(int *) argument);
	case TIOCMBIS:
		return driven(descriptor, ours | *(int *) argument);
	case TIOCMBIC:
		return driven(descriptor, ours & ~*(int *) argument);
	case TIOCSBRK:
		return told(descriptor, "break", 1);
	case TIOCCBRK:
		return told(descriptor, "break", 0);
	}
	if (!next)
		next = dlsym(NEXT, "ioctl");
	return next(descriptor, request, argument);
}

int tcsendbreak(int descriptor, int duration)
{
	return told(descriptor, "sendbreak", duration);
}
