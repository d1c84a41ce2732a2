/* Makes every sync to the disk take SLOW_SYNC_US microseconds longer: preloaded by a benchmark. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void wait_for_the_disk(void) {
    const char *microseconds = getenv("SLOW_SYNC_US");
    if (microseconds != NULL) usleep((useconds_t)atoi(microseconds));
}

int fsync(int descriptor) {
    int (*sync)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_for_the_disk();
    return sync(descriptor);
}

int fdatasync(int descriptor) {
    int (*sync)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_for_the_disk();
    return sync(descriptor);
}
