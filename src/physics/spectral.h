/* Fourier pseudo-spectral steppers of u_t = L u + N(u) on a periodic cube, as Exponax has them: L by its factors of the modes, N(u)
 * = scale * outer * F(u), F computed in space from modes without the highest ones (dealiased). A file a family says what L and F
 * are; what all have in common, and the steps in time (etdrk.h), are here. */
#pragma once

#include <complex.h>

#include "physics/options.h"
#include "trainax/physics.h"

typedef double complex tx_mode;
typedef struct tx_equation tx_equation;

/* The modes of F(u) from those of u, h. */
typedef tx_node tx_nonlinear(const tx_equation *equation, tx_graph *graph, tx_node h);

enum { TX_MOST_TABLES = 8, TX_MOST_COEFFICIENTS = 16, TX_MOST_OWNED = 24 };
struct tx_equation {
    const tx_section *section;
    tx_shape shape;
    int64_t points, modes; /* of an axis; of a channel */
    double domain_extent, dt;
    tx_mode *d[TX_MAX_AXES];             /* (modes) derivatives along the axes: i 2 pi / L k */
    int parts;                           /* channels that L tells apart: 1, or all */
    tx_mode *linear;                     /* (parts, modes) L, zero before `build` */
    tx_nonlinear *nonlinear;             /* NULL: N is zero */
    double scale;                        /* 1 before `build` */
    tx_mode *outer;                      /* (modes); NULL: 1 */
    tx_mode *table[TX_MOST_TABLES];      /* (modes) what F multiplies modes with, */
    double number[TX_MOST_COEFFICIENTS]; /* and its numbers */
    int num_numbers;
    double *field; /* (points) and a field that it adds, or NULL */
    void *owned[TX_MOST_OWNED];
    int num_owned;
};

/* A stepper component's `implementation`: begins as every stepper's. */
typedef struct tx_spectral_class {
    tx_stepper_class stepper; /* TX_SPECTRAL_STEPPER */
    /* Fills in what is zero, by the helpers below. Everything that it takes is the equation's. */
    tx_status (*build)(tx_equation *equation, tx_error *error);
    int64_t channels;               /* 0: any; TX_AS_AXES: as many as axes, or 1 of a single_channel */
    int axes;                       /* 0: any */
    bool apart;                     /* L tells channels apart */
    bool direct;                    /* a step multiplies by L itself, without time */
    const char *linear, *nonlinear; /* of the general ones: names of the options of their coefficients */
    bool difficulties;              /* which are difficulties */
} tx_spectral_class;
enum { TX_AS_AXES = -1 };
#define TX_SPECTRAL_STEPPER                                                                                                        \
    {                                                                                                                              \
        tx_spectral_create, tx_spectral_apply, tx_spectral_destroy, tx_spectral_repeat                                             \
    }
tx_scheme_create tx_spectral_create;
tx_scheme_destroy tx_spectral_destroy;
tx_node tx_spectral_apply(const tx_scheme *scheme, tx_graph *graph, tx_node x);
tx_node tx_spectral_repeat(const tx_scheme *scheme, tx_graph *graph, tx_node x, int64_t count);

/* ---- For `build` ---- */

/* Fills d. */
tx_status tx_wavenumbers(tx_equation *equation, tx_error *error);
const tx_spectral_class *tx_equation_class(const tx_equation *equation);
static inline double tx_number(const tx_equation *equation, const char *name)
{
    return tx_get_real(equation->section, name);
}
/* One number for all axes, or one for each; of a matrix (axes, axes) also its diagonal. */
tx_status tx_vector(const tx_equation *equation, const char *name, tx_error *error, double *out);
tx_status tx_matrix(const tx_equation *equation, const char *name, tx_error *error, double (*out)[TX_MAX_AXES]);
/* TX_INVALID unless there are `count` of them. */
tx_status tx_exactly(const tx_equation *equation, const char *name, int count, tx_error *error, const double **out);

/* Memory of the equation's; of that a table of (parts, modes) zeros. */
tx_status tx_equation_own(tx_equation *equation, size_t bytes, tx_error *error, void *out);
tx_status tx_equation_table(tx_equation *equation, int parts, tx_error *error, tx_mode **out);
/* Sum over axes of v_a d_a^power (v NULL: ones), at one mode. */
tx_mode tx_derivatives(const tx_equation *equation, int64_t mode, const double *v, int power);
static inline tx_mode tx_laplacian(const tx_equation *equation, int64_t mode)
{
    return tx_derivatives(equation, mode, NULL, 2);
}
/* L += sum over j of a_j (sum over axes of d^j). */
void tx_add_linear(tx_equation *equation, const double *a, int count);
/* The same of coefficients or, where the class has these, difficulties: given, and as the general steppers' option has them. */
tx_status tx_add_coefficients(tx_equation *equation, const double *given, int count, tx_error *error);
tx_status tx_add_general_linear(tx_equation *equation, tx_error *error);
/* The coefficient of a nonlinear term with so many derivatives, from a difficulty where the class has these. */
double tx_general_scale(const tx_equation *equation, double given, int derivatives);
/* table[at] = `factor` (NULL: 1), at the modes that are not dealiased away; else 0. */
tx_status tx_keep(tx_equation *equation, int at, const tx_mode *factor, tx_error *error);

/* ---- For F ---- */

/* table[at] * h; the same in space. */
tx_node tx_equation_times(const tx_equation *equation, tx_graph *graph, int at, tx_node h);
tx_node tx_equation_field(const tx_equation *equation, tx_graph *graph, int at, tx_node h);
/* a + factor * b; either may be TX_NONE. */
tx_node tx_plus(tx_graph *graph, tx_node a, double factor, tx_node b);
static inline tx_node tx_channel(tx_graph *graph, tx_node x, int c)
{
    return tx_take_channels(graph, x, c, 1);
}
/* The same number everywhere. */
tx_node tx_everywhere(tx_graph *graph, double value, tx_shape shape);

/* clang-format off */
#define TX_STEPPER(NAME, SUMMARY, OPTIONS, CLASS)                                                                                  \
    {.kind = TX_KIND_STEPPER, .name = NAME, .summary = SUMMARY, .options = OPTIONS, .implementation = CLASS}
/* clang-format on */
