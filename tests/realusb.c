/* News of USB devices for a libusb that was built without libudev: to be preloaded before umockdev's
 * library, which says that all news is of udev's making (group 2), while this is the kernel's own
 * (group 1), and that libusb takes nothing else. libudev takes both. It needs no headers, so that tcc
 * alone builds it: tcc -shared -o realusb.so realusb.c
 */

enum { AF_NETLINK = 16, KERNEL = 1, UDEV = 2 };

struct address {
	unsigned short family, unused;
	unsigned int process, groups;
};

struct message {
	struct address *name;
	unsigned int length;
};

extern void *dlsym(void *handle, const char *name);

#define NEXT ((void *) -1L) /* RTLD_NEXT */

long recvmsg(int socket, struct message *message, int flags)
{
	long (*next)(int, struct message *, int) = dlsym(NEXT, "recvmsg");
	long result = next(socket, message, flags);
	struct address *name = message->name;

	if (result > 0 && name && name->family == AF_NETLINK && name->groups == UDEV)
		name->groups = KERNEL;
	return result;
}
