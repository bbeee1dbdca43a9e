#ifndef SHAPE_H
#define SHAPE_H
#include <stdio.h>
#define LIMIT 10
#define MAX(a, b) ((a) > (b) ? (a) : (b))

struct shape {
    const char *name;
    int sizes[4];
    struct { int deep; } inner;
    void (*draw)(struct shape *self);
};

typedef struct point {
    int x, y;
} point_t;
typedef struct { int r; } circle;
typedef unsigned long size;
typedef int (*compare)(const void *, const void *);
typedef enum { RED, GREEN = 2 } color;
enum mode { FAST, SLOW };
union bits { int word; };

extern int counter;
static int hidden = 1;
const char *names[] = { "a", "b" };

int draw(struct shape *shape, int scale);
static inline char *name_of(const struct shape *shape)
{
    int local = LIMIT;
    static int kept;
    return MAX(shape->name, local);
}

int
main(int argc, char **argv)
{
    printf("%d\n", draw(NULL, counter));
    return 0;
}
#endif
