/* What all kernels share. Ahead of this stand call.h and, from the host: REAL; GROUP, the items of a group that walk along rows; SUM,
 * those that add up together; WIDTH, the reals that an item of a convolution takes at once. */
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

/* Kernels over rows: real p of row r of the result (or of what is read, for those that have none). */
#define POINT_OF(l)                                                                                                                \
    const long p = ITEM, r = ROW;                                                                         \
    if (p >= (l).row) {                                                                            \
        return;                                                                                                                    \
    }
#define POINT POINT_OF(c.out)
#define AT(k) (row_at(c.in[k], r) + p)
#define AT_OUT (row_at(c.out, r) + p)
#define SAMPLE (p % c.out.block)
/* Its cell in C order. */
#define CELL(l) (r * (l).n + p / (l).block)

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
