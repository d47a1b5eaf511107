/* Group norm: channels in equal parts, each with its numbers of a sample, which are channels of tensors without axes. */

#define NUMBER(s, l, which) (s)[(l).origin + (which) * (l).channel]

/* A group takes one part of one sample; alpha: eps. */
SUMMING(group_statistics)
{
    local REAL part[SUM];
    const long lane = ROW % c.out.block, g = ROW / c.out.block;
    const long rows = c.in[0].channels / c.groups * c.in[0].outer[0] * c.in[0].outer[1];
    const REAL cells = rows * c.in[0].n;
    const global REAL *x = IN(0) + lane;
    REAL sum = 0, squares = 0;
    EACH_TERM(c.in[0], c.in[0], g * rows, rows, a, b) sum += x[a];
    const REAL mean = sum_of_group(sum, part) / cells;
    EACH_TERM(c.in[0], c.in[0], g * rows, rows, a, b) squares += (x[a] - mean) * (x[a] - mean);
    squares = sum_of_group(squares, part);
    if (get_local_id(0) == 0) {
        NUMBER(OUT + lane, c.out, g) = mean;
        NUMBER(OUT + lane, c.out, c.groups + g) = 1 / sqrt(squares / cells + alpha);
    }
}

/* x, statistics, weights, biases, what is added or none */
KERNEL(group_norm)
{
    const long channel = channel_of(c.out, ROW), g = channel / (c.out.channels / c.groups);
    const global REAL *x = ROW_OF(0), *added = HAS(4) ? ROW_OF(4) : x;
    const global REAL *mean = &NUMBER(IN(1), c.in[1], g), *inverse = &NUMBER(IN(1), c.in[1], c.groups + g);
    const REAL weight = IN(2)[channel], bias = IN(3)[channel];
    global REAL *y = ROW_OUT;
    EACH_CELL(c.out)
    y[p] = activated_one(c.activation, (x[p] - mean[lane]) * (inverse[lane] * weight) + bias + (HAS(4) ? added[p] : 0));
}

/* dy, x, statistics. A group takes one channel of one sample. */
SUMMING(group_moments)
{
    local REAL part[SUM];
    const long lane = ROW % c.out.block, channel = ROW / c.out.block, rows = c.in[0].outer[0] * c.in[0].outer[1];
    const long g = channel / (c.in[0].channels / c.groups);
    const global REAL *dy = IN(0) + lane, *x = IN(1) + lane, *s = IN(2) + lane;
    const REAL mean = NUMBER(s, c.in[2], g);
    REAL sum = 0, product = 0;
    EACH_TERM(c.in[0], c.in[1], channel * rows, rows, a, b)
    {
        sum += dy[a];
        product += dy[a] * (x[b] - mean);
    }
    sum = sum_of_group(sum, part);
    product = sum_of_group(product, part);
    if (get_local_id(0) == 0) {
        NUMBER(OUT + lane, c.out, channel) = sum;
        NUMBER(OUT + lane, c.out, c.in[0].channels + channel) = product * NUMBER(s, c.in[2], c.groups + g);
    }
}

/* moments, statistics, weights; alpha: 1 / numbers of a part. A row is a part. */
KERNEL(group_pull)
{
    const long g = ROW, channels = c.in[0].channels / 2, each = channels / c.groups;
    EACH(lane, c.out.block)
    {
        const global REAL *m = IN(0) + lane, *s = IN(1) + lane;
        REAL sum = 0, product = 0;
        for (long channel = g * each; channel < (g + 1) * each; channel++) {
            sum += IN(2)[channel] * NUMBER(m, c.in[0], channel);
            product += IN(2)[channel] * NUMBER(m, c.in[0], channels + channel);
        }
        const REAL inverse = NUMBER(s, c.in[1], c.groups + g);
        global REAL *p = OUT + lane;
        NUMBER(p, c.out, g) = inverse;
        NUMBER(p, c.out, c.groups + g) = NUMBER(s, c.in[1], g);
        NUMBER(p, c.out, 2 * c.groups + g) = -alpha * inverse * inverse * product;
        NUMBER(p, c.out, 3 * c.groups + g) = -alpha * inverse * sum;
    }
}

/* dy, x, what group_pull made, weights, what is added or none; relu: 0 where x <= 0 */
KERNEL(group_norm_gradient)
{
    const long channel = channel_of(c.out, ROW), g = channel / (c.out.channels / c.groups);
    const global REAL *dy = ROW_OF(0), *x = ROW_OF(1), *added = HAS(4) ? ROW_OF(4) : x;
    const global REAL *inverse = &NUMBER(IN(2), c.in[2], g), *mean = &NUMBER(IN(2), c.in[2], c.groups + g);
    const global REAL *q = &NUMBER(IN(2), c.in[2], 2 * c.groups + g), *t = &NUMBER(IN(2), c.in[2], 3 * c.groups + g);
    const REAL weight = IN(3)[channel];
    global REAL *dx = ROW_OUT;
    EACH_CELL(c.out)
    {
        const REAL slope = inverse[lane] * weight * dy[p] + (q[lane] * (x[p] - mean[lane]) + t[lane]) + (HAS(4) ? added[p] : 0);
        dx[p] = c.activation != E_relu || x[p] > 0 ? slope : 0;
    }
}
