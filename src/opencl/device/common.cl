/* What all kernels share. Ahead of this stand call.h and, from the host: REAL, LEAST_NORMAL, the activations, and the form of the
 * device: GROUP items of a group walk along rows, each over RUN neighbours; SUM items add up together; an item of a convolution has
 * WIDTH reals of TILE output channels, of its gradient TILE channels by PAIRS pairs of an input channel and a tap. */
typedef tx_opencl_layout layout;
typedef tx_opencl_call call;

#define ARGUMENTS                                                                                                                  \
    (global REAL * b0, global REAL *b1, global REAL *b2, global REAL *b3, global REAL *b4, global REAL *scratch, global REAL *to,  \
     global const long *table, const call c, const REAL alpha, const REAL beta)
#define KERNEL(name) kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void tx_##name ARGUMENTS
#define SUMMING(name) kernel __attribute__((reqd_work_group_size(SUM, 1, 1))) void tx_##name ARGUMENTS

/* Of the block that this item belongs to. */
#define BLOCK ((long)get_global_id(1))
/* Groups lie row by row, `chunks` of them a row. */
#define ITEM ((long)(get_group_id(0) % c.chunks) * get_local_size(0) + get_local_id(0))
#define ROW ((long)(get_group_id(0) / c.chunks))
#define IN(k) (b##k + c.at[k] + BLOCK * c.next[k])
#define SCRATCH (scratch + c.at[TX_CALL_SCRATCH] + BLOCK * c.next[TX_CALL_SCRATCH])
#define OUT (to + c.at[TX_CALL_OUT] + BLOCK * c.next[TX_CALL_OUT])
#define HAS(k) (c.present >> k & 1)

/* Row r of a tensor, counted through its channels. */
long row_at(const layout l, long r)
{
    const long j = r % l.outer[1], rest = r / l.outer[1];
    return l.origin + rest / l.outer[0] * l.channel + rest % l.outer[0] * l.outer_stride[0] + j * l.outer_stride[1];
}

/* Cell e of a tensor in C order, its first sample. */
long cell_at(const layout l, long e)
{
    return row_at(l, e / l.n) + e % l.n * l.block;
}

/* Which channel row r belongs to. */
long channel_of(const layout l, long r)
{
    return r / (l.outer[0] * l.outer[1]);
}

/* Row r, the item's own, of an operand: a kernel over rows reads and writes real p of them. */
#define ROW_OF(k) (IN(k) + row_at(c.in[k], ROW))
#define ROW_OUT (OUT + row_at(c.out, ROW))

/* The item's neighbours, of `count` things in a row. */
#define EACH(p, count) for (long p = ITEM * RUN, end_ = min(p + RUN, (long)(count)); p < end_; p++)
/* The same, WIDTH reals of a row at once, from p on: the last may reach beyond it, and is written by put_first. */
#define EACH_VECTOR(p, count) for (long p = ITEM * RUN, end_ = min(p + RUN, (long)(count)); p < end_; p += WIDTH)
/* The same for the reals p of a row: cell n of the row, sample `lane`. */
#define EACH_CELL(l)                                                                                                               \
    for (long p = ITEM * RUN, end_ = min(p + RUN, (l).row), n = p / (l).block, lane = p % (l).block; p < end_;                     \
         p++, lane = lane + 1 == (l).block ? 0 : lane + 1, n += lane == 0)

/* All cells of `rows` rows from `first` on, of two tensors at once, as a group that adds up shares them: at reals a and b. */
#if SUM == 1
#define EACH_TERM(l, m, first, rows, a, b)                                                                                         \
    for (long row_ = (first); row_ < (first) + (rows); row_++)                                                                     \
        for (long a = row_at(l, row_), b = row_at(m, row_), end_ = a + (l).row; a < end_; a += (l).block, b += (m).block)
#else
#define EACH_TERM(l, m, first, rows, a, b)                                                                                         \
    for (long e_ = get_local_id(0); e_ < (rows) * (l).n; e_ += SUM)                                                                \
        for (long a = cell_at(l, (first) * (l).n + e_), b = cell_at(m, (first) * (m).n + e_), end_ = a; a <= end_; a += end_ + 1)
#endif

/* ---- WIDTH reals at once ---- */

#define UNROLL __attribute__((opencl_unroll_hint))

#if WIDTH == 1
typedef REAL reals;
#define LOAD(at) (*(at))
#define STORE(v, at) (*(at) = (v))
#else
#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
typedef JOIN(REAL, WIDTH) reals;
#define LOAD(at) JOIN(vload, WIDTH)(0, at)
#define STORE(v, at) JOIN(vstore, WIDTH)(v, 0, at)
#endif

/* The first n reals, then zeros. */
reals load_first(const global REAL *at, long n)
{
    reals v = 0;
    REAL *some = (REAL *)&v;
    for (int k = 0; k < WIDTH && k < n; k++) {
        some[k] = at[k];
    }
    return v;
}

REAL total(reals v)
{
    const REAL *some = (const REAL *)&v;
    REAL sum = 0;
    for (int k = 0; k < WIDTH; k++) {
        sum += some[k];
    }
    return sum;
}

/* All of y, or of fewer than WIDTH the first n. */
void put_first(reals y, global REAL *to, long n)
{
    if (n >= WIDTH) {
        STORE(y, to);
        return;
    }
    const REAL *some = (const REAL *)&y;
    for (int k = 0; k < n; k++) {
        to[k] = some[k];
    }
}

/* ---- Sums of groups ---- */

/* The sum over a group, in one order; every item gets it. part: SUM reals. */
REAL sum_of_group(REAL x, local REAL *part)
{
#if SUM > 1
    const int j = get_local_id(0);
    part[j] = x;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = SUM / 2; k; k /= 2) {
        if (j < k) {
            part[j] += part[j + k];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    x = part[0];
    barrier(CLK_LOCAL_MEM_FENCE);
#endif
    return x;
}
