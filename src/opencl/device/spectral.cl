/* Fourier transforms of real tensors, axis by axis: products with cosines and sines. On the way the numbers lie in the scratch,
 * real and imaginary parts apart, as [channel][axes …][sample].
 *
 * table, in reals: cosine and sine of each part of a turn, axis by axis. Stages, more: points of the axis, its wavenumbers, how
 * many of these are counted from 0 on (the others up to points - 1), where its turn begins in the table, where to read in the
 * scratch, from there to the imaginary parts, the same of where to write, reals that lie behind a point of the axis. */

#define POINTS c.more[0]
#define WAVES c.more[1]
#define LOW c.more[2]
#define TURN ((const global REAL *)table + c.more[3])
#define SOURCE (SCRATCH + c.more[4])
#define SOURCE_IMAGINARY c.more[5]
#define TARGET (SCRATCH + c.more[6])
#define TARGET_IMAGINARY c.more[7]
#define BEHIND c.more[8]

long wavenumber(const call c, long q)
{
    return q < LOW ? q : q + POINTS - WAVES;
}

/* Lines of the last axis of x. */
KERNEL(dft_lines)
{
    const long block = c.in[0].block;
    EACH(item, WAVES * block)
    {
        const global REAL *x = ROW_OF(0) + item % block;
        const long k = wavenumber(c, item / block);
        REAL re = 0, im = 0;
        for (long n = 0, j = 0; n < POINTS; n++, j += k, j -= j >= POINTS ? POINTS : 0) {
            re += TURN[2 * j] * x[n * block];
            im -= TURN[2 * j + 1] * x[n * block];
        }
        TARGET[ROW * WAVES * block + item] = re;
        TARGET[ROW * WAVES * block + item + TARGET_IMAGINARY] = im;
    }
}

/* And back: real parts alone. */
KERNEL(dft_lines_back)
{
    const long block = c.out.block;
    global REAL *x = ROW_OUT;
    EACH_CELL(c.out)
    {
        const global REAL *z = SOURCE + ROW * WAVES * block + lane;
        REAL sum = 0;
        for (long q = 0, j = 0; q < WAVES; q++, j += n, j -= j >= POINTS ? POINTS : 0) {
            sum += TURN[2 * j] * z[q * block] - TURN[2 * j + 1] * z[q * block + SOURCE_IMAGINARY];
        }
        x[p] = sum;
    }
}

/* The same by matrices of cosines, then sines, where they are not too large: [point][wavenumber] and behind it [wavenumber][point],
 * with room for whole vectors. more: where they are, the length of a row in the one and in the other. */
#define MATRIX ((const global REAL *)table + c.more[9])
#define WAVE_PITCH c.more[10]
#define POINT_PITCH c.more[11]

KERNEL(dft_rows)
{
    const long block = c.in[0].block, vectors = WAVE_PITCH / WIDTH, pitch = WAVE_PITCH, points = POINTS;
    EACH(item, vectors * block)
    {
        const long first = item % vectors * WIDTH, lane = item / vectors;
        const global REAL *x = ROW_OF(0) + lane, *cosine = MATRIX + first, *sine = cosine + points * pitch;
        reals re = 0, im = 0;
        for (long n = 0; n < points; n++) {
            re += LOAD(cosine + n * pitch) * x[n * block];
            im -= LOAD(sine + n * pitch) * x[n * block];
        }
        for (long q = first; q < min(first + WIDTH, WAVES); q++) {
            TARGET[(ROW * WAVES + q) * block + lane] = ((const REAL *)&re)[q - first];
            TARGET[(ROW * WAVES + q) * block + lane + TARGET_IMAGINARY] = ((const REAL *)&im)[q - first];
        }
    }
}

KERNEL(dft_rows_back)
{
    const long block = c.out.block, vectors = POINT_PITCH / WIDTH, pitch = POINT_PITCH, waves = WAVES;
    global REAL *x = ROW_OUT;
    EACH(item, vectors * block)
    {
        const long first = item % vectors * WIDTH, lane = item / vectors;
        const global REAL *z = SOURCE + ROW * waves * block + lane, *cosine = MATRIX + 2 * POINTS * WAVE_PITCH + first,
                          *sine = cosine + waves * pitch;
        reals sum = 0;
        for (long q = 0; q < waves; q++) {
            sum += LOAD(cosine + q * pitch) * z[q * block] - LOAD(sine + q * pitch) * z[q * block + SOURCE_IMAGINARY];
        }
        for (long n = first; n < min(first + WIDTH, POINTS); n++) {
            x[n * block + lane] = ((const REAL *)&sum)[n - first];
        }
    }
}

/* Another axis, from points to wavenumbers, or (flip) back. */
KERNEL(dft_axis)
{
    const long from = c.flip ? WAVES : POINTS, count = c.flip ? POINTS : WAVES;
    const REAL sign = c.flip ? -1 : 1;
    EACH(item, count * BEHIND)
    {
        const global REAL *z = SOURCE + ROW * from * BEHIND + item % BEHIND;
        const long k = item / BEHIND;
        REAL re = 0, im = 0;
        for (long n = 0; n < from; n++) {
            const long j = (c.flip ? wavenumber(c, n) * k : wavenumber(c, k) * n) % POINTS;
            const REAL cosine = TURN[2 * j], sine = sign * TURN[2 * j + 1];
            const REAL x = z[n * BEHIND], y = z[n * BEHIND + SOURCE_IMAGINARY];
            re += cosine * x + sine * y;
            im += cosine * y - sine * x;
        }
        TARGET[ROW * count * BEHIND + item] = re;
        TARGET[ROW * count * BEHIND + item + TARGET_IMAGINARY] = im;
    }
}

/* ---- between the scratch and modes ----
 * more: all modes of the spectrum (else groups of them), whether they are weighted, where in the scratch, from there to the
 * imaginary parts, the number of axes; kept modes of three axes (missing: 1), points of these. alpha: 1 / points of all. */

#define WHOLE c.more[0]
#define WEIGHTED c.more[1]
#define MODES (SCRATCH + c.more[2])
#define MODES_IMAGINARY c.more[3]
#define AXES c.more[4]
#define KEPT(d) c.more[5 + (d)]
#define SIZE(d) c.more[8 + (d)]

/* Where real p of row r of modes lies in the scratch, and what it counts. */
typedef struct place {
    long at;
    REAL weight;
} place;

REAL weight_of(const call c, long k, REAL unit)
{
    return !WEIGHTED ? 1 : k == 0 || 2 * k == SIZE(2) ? unit : 2 * unit;
}

place place_whole(const call c, const layout l, long r, long p, REAL unit)
{
    const long modes = l.n / 2, m = p % l.n / 2, lane = p / l.n;
    return (place){(r * modes + m) * l.block + lane + p % 2 * MODES_IMAGINARY, weight_of(c, m % KEPT(2), unit)};
}

place place_kept(const call c, const layout l, long r, long p, REAL unit)
{
    const long groups = 1 << (AXES - 1), channels = l.channels / 2 / groups, g = r / 2 / channels, m = p % l.n, lane = p / l.n;
    const long index[3] = {m / KEPT(2) / KEPT(1), m / KEPT(2) % KEPT(1), m % KEPT(2)};
    long at = r / 2 % channels;
    bool lost = false;
    for (int d = 3 - AXES; d < 2; d++) {
        const bool high = g >> (d - 3 + AXES) & 1;
        at = at * 2 * KEPT(d) + (high ? KEPT(d) : 0) + index[d];
        lost = lost || (!high && index[d] >= SIZE(d) - KEPT(d)); /* the later group is written over the earlier */
    }
    at = (at * KEPT(2) + index[2]) * l.block + lane + r % 2 * MODES_IMAGINARY;
    return (place){at, WEIGHTED && lost ? 0 : weight_of(c, index[2], unit)};
}

KERNEL(pick_modes)
{
    global REAL *y = ROW_OUT;
    EACH(p, c.out.row)
    {
        const place at = WHOLE ? place_whole(c, c.out, ROW, p, alpha) : place_kept(c, c.out, ROW, p, alpha);
        y[p] = at.weight * MODES[at.at];
    }
}

KERNEL(put_modes)
{
    const global REAL *x = ROW_OF(0);
    EACH(p, c.in[0].row)
    {
        const place at = WHOLE ? place_whole(c, c.in[0], ROW, p, alpha) : place_kept(c, c.in[0], ROW, p, alpha);
        MODES[at.at] = at.weight * x[p];
    }
}

/* ---- what happens to modes ---- */

#undef KEPT
#define PART(l, g, which, each) ((l).origin + 2 * ((g) * (each) + (which)) * (l).channel)

/* y[g, o] = sum of w[g, o, i] x[g, i], or (flip) of conj(w[g, i, o]) x[g, i]; a row is an output's, of modes of all samples */
KERNEL(spectral_multiply)
{
    const long in = c.in[0].channels / 2 / c.groups, out = c.out.channels / 2 / c.groups, o = ROW % out, g = ROW / out;
    const long modes = c.out.n, x_channel = c.in[0].channel;
    const REAL sign = c.flip ? -1 : 1;
    global REAL *y = OUT + PART(c.out, g, o, out);
    EACH(p, c.out.row)
    {
        REAL re = 0, im = 0;
        const global REAL *x = IN(0) + PART(c.in[0], g, 0, in) + p;
        for (long i = 0; i < in; i++, x += 2 * x_channel) {
            const long w = (c.flip ? (g * in + i) * out + o : (g * out + o) * in + i) * modes + p % modes;
            const REAL wr = IN(1)[w], wi = sign * IN(2)[w];
            re += wr * x[0] - wi * x[x_channel];
            im += wr * x[x_channel] + wi * x[0];
        }
        y[p] = re;
        y[p + c.out.channel] = im;
    }
}

/* x, dy; real or (flip) imaginary parts of dy conj(x), summed over samples; a row is a pair of channels, of modes */
KERNEL(spectral_weights)
{
    const long in = c.in[0].channels / 2 / c.groups, out = c.in[1].channels / 2 / c.groups, modes = c.in[0].n;
    const long i = ROW % in, o = ROW / in % out, g = ROW / in / out, x_channel = c.in[0].channel, dy_channel = c.in[1].channel;
    EACH(m, modes)
    {
        const global REAL *x = IN(0) + PART(c.in[0], g, i, in) + m, *dy = IN(1) + PART(c.in[1], g, o, out) + m;
        REAL sum = 0;
        for (long lane = 0; lane < c.in[0].block; lane++, x += modes, dy += modes) {
            sum += c.flip ? dy[dy_channel] * x[0] - dy[0] * x[x_channel] : dy[0] * x[0] + dy[dy_channel] * x[x_channel];
        }
        OUT[ROW * modes + m] += sum;
    }
}

/* Times complex numbers of a table (one for all channels, or each its own), or (flip) their conjugates */
KERNEL(multiply_modes)
{
    const global REAL *x = ROW_OF(0), *numbers = IN(1) + (c.groups > 1 ? ROW * c.out.n : 0);
    const REAL sign = c.flip ? -1 : 1;
    global REAL *y = ROW_OUT;
    EACH(mode, c.out.row / 2)
    {
        const global REAL *t = numbers + 2 * mode % c.out.n;
        const REAL re = x[2 * mode], im = x[2 * mode + 1], ti = sign * t[1];
        y[2 * mode] = re * t[0] - im * ti;
        y[2 * mode + 1] = re * ti + im * t[0];
    }
}
