/* Lines by Stockham's algorithm, in steps of 4, 2, 3 and 5: all lanes do the same, nothing is shuffled. Real lines of an even
 * length are complex ones of half as many points. */
#include "kernel/vector/line.h"

#include <math.h>

#include "base/memory.h"

enum { MOST_STEPS = 24, LONGEST = 1024 }; /* longer ones leave the nearest cache */

struct tx_line {
    int64_t n;      /* of the line */
    int64_t length; /* of the complex transform: n, or half of that */
    int steps, radix[MOST_STEPS];
    real *factor; /* of each step and place, [radix - 1][re, im] */
    real *turn;   /* of real lines of an even length: exp(-2 pi i k / n), k = 0 … n / 2 */
};

/* ---- Creation ---- */

bool VARIANT(line_exists)(int64_t n)
{
    static const int factors[] = {2, 3, 5};
    const bool fits = n <= LONGEST;
    for (int k = 0; k < 3; k++) {
        while (n % factors[k] == 0) {
            n /= factors[k];
        }
    }
    return fits && n == 1;
}

int64_t VARIANT(line_room)(int64_t n)
{
    return 2 * n + 2;
}

static void choose_steps(tx_line *line)
{
    static const int radices[] = {4, 2, 3, 5};
    int64_t rest = line->length;
    for (int k = 0; k < 4; k++) {
        for (; rest % radices[k] == 0; rest /= radices[k]) {
            line->radix[line->steps++] = radices[k];
        }
    }
}

static real *put_wave(double turns, real *to)
{
    to[0] = (real)cos(2 * M_PI * turns);
    to[1] = (real)-sin(2 * M_PI * turns);
    return to + 2;
}

static tx_status make_factors(tx_line *line, tx_error *error)
{
    TX_TRY(tx_allocate_array(4 * (size_t)line->length + 2, sizeof *line->factor, error, &line->factor));
    real *to = line->factor;
    int64_t n = line->length;
    for (int step = 0; step < line->steps; step++) {
        const int radix = line->radix[step];
        for (int64_t p = 0; p < n / radix; p++) {
            for (int j = 1; j < radix; j++) {
                to = put_wave((double)(p * j) / (double)n, to);
            }
        }
        n /= radix;
    }
    return TX_OK;
}

static tx_status make_turns(tx_line *line, tx_error *error)
{
    TX_TRY(tx_allocate_array(2 * (size_t)line->length + 2, sizeof *line->turn, error, &line->turn));
    real *to = line->turn;
    for (int64_t k = 0; k <= line->length; k++) {
        to = put_wave((double)k / (double)line->n, to);
    }
    return TX_OK;
}

tx_status VARIANT(line_create)(int64_t n, bool of_reals, tx_error *error, tx_line **out)
{
    const bool halved = of_reals && n % 2 == 0;
    tx_line *line;
    TX_TRY(tx_allocate(sizeof *line, error, &line));
    *line = (tx_line){.n = n, .length = halved ? n / 2 : n};
    choose_steps(line);
    tx_status status = make_factors(line, error);
    status = status == TX_OK && halved ? make_turns(line, error) : status;
    if (status != TX_OK) {
        VARIANT(line_destroy)(line);
        return status;
    }
    *out = line;
    return TX_OK;
}

void VARIANT(line_destroy)(tx_line *line)
{
    if (line) {
        tx_free(line->factor);
        tx_free(line->turn);
        tx_free(line);
    }
}

/* ---- Steps ---- */

typedef struct pair { /* complex numbers, a lane each */
    vec re, im;
} pair;

INLINE pair plus(pair a, pair b)
{
    return (pair){a.re + b.re, a.im + b.im};
}
INLINE pair minus(pair a, pair b)
{
    return (pair){a.re - b.re, a.im - b.im};
}
INLINE pair scaled(real s, pair a)
{
    return (pair){s * a.re, s * a.im};
}
INLINE pair times_i(pair a)
{
    return (pair){-a.im, a.re};
}
INLINE pair conjugate(pair a)
{
    return (pair){a.re, -a.im};
}
INLINE pair times(pair a, real re, real im)
{
    return (pair){re * a.re - im * a.im, re * a.im + im * a.re};
}
INLINE pair get(const vec *z)
{
    return (pair){z[0], z[1]};
}
INLINE void put(pair a, vec *z)
{
    z[0] = a.re;
    z[1] = a.im;
}

/* The transform of few points, forward: with exp(-2 pi i j k / R); else with the conjugates. */
INLINE void few_points(const int R, const bool FORWARD, const pair *a, pair *b)
{
    const real turned = FORWARD ? -1 : 1;
    if (R == 2) {
        b[0] = plus(a[0], a[1]);
        b[1] = minus(a[0], a[1]);
    } else if (R == 3) {
        const pair sum = plus(a[1], a[2]), mean = minus(a[0], scaled((real)0.5, sum));
        const pair side = times_i(scaled(turned * (real)0.86602540378443864676, minus(a[1], a[2])));
        b[0] = plus(a[0], sum);
        b[1] = plus(mean, side);
        b[2] = minus(mean, side);
    } else if (R == 4) {
        const pair even = plus(a[0], a[2]), odd = plus(a[1], a[3]), across = minus(a[0], a[2]);
        const pair side = times_i(scaled(turned, minus(a[1], a[3])));
        b[0] = plus(even, odd);
        b[1] = plus(across, side);
        b[2] = minus(even, odd);
        b[3] = minus(across, side);
    } else {
        const real c1 = (real)0.30901699437494742410, c2 = (real)-0.80901699437494742410;
        const real s1 = turned * (real)0.95105651629515357212, s2 = turned * (real)0.58778525229247312917;
        const pair near = plus(a[1], a[4]), far = plus(a[2], a[3]), left = minus(a[1], a[4]), right = minus(a[2], a[3]);
        const pair m1 = plus(a[0], plus(scaled(c1, near), scaled(c2, far)));
        const pair m2 = plus(a[0], plus(scaled(c2, near), scaled(c1, far)));
        const pair t1 = times_i(plus(scaled(s1, left), scaled(s2, right)));
        const pair t2 = times_i(minus(scaled(s2, left), scaled(s1, right)));
        b[0] = plus(a[0], plus(near, far));
        b[1] = plus(m1, t1);
        b[2] = plus(m2, t2);
        b[3] = minus(m2, t2);
        b[4] = minus(m1, t1);
    }
}

/* One step: `groups` of R parts each of a line that consists of `stride` ones; the last step, of one group, turns nothing. */
INLINE void step(const int R, const bool FORWARD, const bool LAST, int64_t groups, int64_t stride, const real *factor, const vec *x,
                 vec *y)
{
    for (int64_t p = 0; p < groups; p++, factor += 2 * (R - 1)) {
        for (int64_t q = 0; q < stride; q++) {
            pair a[5], b[5];
            UNROLL for (int j = 0; j < R; j++) a[j] = get(x + 2 * (q + stride * (p + groups * j)));
            few_points(R, FORWARD, a, b);
            put(b[0], y + 2 * (q + stride * R * p));
            UNROLL for (int j = 1; j < R; j++)
            {
                const real re = factor[2 * (j - 1)], im = FORWARD ? factor[2 * (j - 1) + 1] : -factor[2 * (j - 1) + 1];
                put(LAST ? b[j] : times(b[j], re, im), y + 2 * (q + stride * (R * p + j)));
            }
        }
    }
}

#define STEP(R)                                                                                                                    \
    case R:                                                                                                                        \
        if (groups == 1) {                                                                                                         \
            step(R, FORWARD, true, 1, stride, factor, x, y);                                                                       \
        } else {                                                                                                                   \
            step(R, FORWARD, false, groups, stride, factor, x, y);                                                                 \
        }                                                                                                                          \
        break

INLINE void any_step(const bool FORWARD, int radix, int64_t groups, int64_t stride, const real *factor, const vec *x, vec *y)
{
    switch (radix) {
        STEP(2);
        STEP(3);
        STEP(4);
    default:
        STEP(5);
    }
}

INLINE vec *transform(const bool FORWARD, const tx_line *line, vec *x, vec *y)
{
    const real *factor = line->factor;
    int64_t n = line->length, stride = 1;
    for (int k = 0; k < line->steps; k++) {
        const int radix = line->radix[k];
        any_step(FORWARD, radix, n / radix, stride, factor, x, y);
        factor += 2 * (radix - 1) * (n / radix);
        n /= radix;
        stride *= radix;
        vec *const result = y;
        y = x;
        x = result;
    }
    return x;
}

vec *VARIANT(line_complex)(const tx_line *line, bool backward, vec *work, vec *spare)
{
    return backward ? transform(false, line, work, spare) : transform(true, line, work, spare);
}

/* ---- Real lines ---- */

/* Of z = even points + i odd ones: modes k and m - k of the line from those of z. */
static void part_halves(const tx_line *line, const vec *z, vec *modes)
{
    const int64_t m = line->length;
    for (int64_t k = 0; 2 * k <= m; k++) {
        const pair a = get(z + 2 * k), b = conjugate(get(z + 2 * ((m - k) % m)));
        const pair even = scaled((real)0.5, plus(a, b)), odd = scaled((real)0.5, minus(a, b)); /* odd: times i */
        const pair turned = times_i(times(odd, line->turn[2 * k], line->turn[2 * k + 1]));
        put(minus(even, turned), modes + 2 * k);
        put(conjugate(plus(even, turned)), modes + 2 * (m - k));
    }
}

/* The other way, and twice as much. */
static void join_halves(const tx_line *line, const vec *modes, vec *z)
{
    const int64_t m = line->length;
    for (int64_t k = 0; 2 * k <= m; k++) {
        pair a = get(modes + 2 * k), b = conjugate(get(modes + 2 * (m - k)));
        if (k == 0) {
            a.im = b.im = (vec){0};
        }
        const pair even = plus(a, b), odd = times_i(times(minus(a, b), line->turn[2 * k], -line->turn[2 * k + 1]));
        put(plus(even, odd), z + 2 * k);
        if (k > 0) {
            put(conjugate(minus(even, odd)), z + 2 * (m - k));
        }
    }
}

static vec *odd_to_modes(const tx_line *line, vec *work, vec *spare)
{
    for (int64_t j = 0; j < line->n; j++) {
        put((pair){work[j], (vec){0}}, spare + 2 * j);
    }
    return transform(true, line, spare, work);
}

static vec *odd_from_modes(const tx_line *line, vec *work, vec *spare)
{
    put((pair){work[0], (vec){0}}, spare);
    for (int64_t k = 1; 2 * k < line->n; k++) {
        put(get(work + 2 * k), spare + 2 * k);
        put(conjugate(get(work + 2 * k)), spare + 2 * (line->n - k));
    }
    vec *const z = transform(false, line, spare, work);
    for (int64_t j = 0; j < line->n; j++) {
        z[j] = z[2 * j];
    }
    return z;
}

vec *VARIANT(line_to_modes)(const tx_line *line, vec *work, vec *spare)
{
    if (!line->turn) {
        return odd_to_modes(line, work, spare);
    }
    vec *const z = transform(true, line, work, spare), *const modes = z == work ? spare : work;
    part_halves(line, z, modes);
    return modes;
}

vec *VARIANT(line_from_modes)(const tx_line *line, vec *work, vec *spare)
{
    if (!line->turn) {
        return odd_from_modes(line, work, spare);
    }
    join_halves(line, work, spare);
    return transform(false, line, spare, work);
}
