/* Who factors: the first rank, or a grid of ranks. What each that takes part comes to is its own part of the whole, zero elsewhere;
 * the sum over ranks then is the whole. */
#pragma once

#include "algebra/symmetric.h"

typedef struct tx_solver_class tx_solver_class;

enum { TX_DESCRIPTOR = 9 };
typedef struct tx_blacs {
    int system, line, grid;    /* contexts: the communicator; all ranks side by side; those that factor */
    int square[TX_DESCRIPTOR]; /* of an n x n matrix on the grid */
    size_t behind;             /* where residuals lie behind solutions */
} tx_blacs;

struct tx_symmetric {
    tx_parallel *parallel;
    tx_symmetric_setup setup; /* with its defaults */
    tx_grid grid;             /* 1 x 1: the first rank alone */
    bool whole;               /* is `sum` on every rank? */
    bool takes_part;          /* is this rank in the grid? */
    int n, num_own;           /* columns of `sum` that are here: all n, or some */
    double *sum;              /* [num_own][n], of a column what is below the diagonal */
    double *piece;            /* rows that are made of columns, where it is not whole */
    double norm, shift;       /* Frobenius norm; of the last factor */
    const tx_solver_class *solver;
    double *matrix, *factor, *vectors, *work, *right;
    int *integers;
    tx_blacs blacs; /* the grid's */
};

/* Of one rank, in numbers. */
typedef struct tx_solver_sizes {
    size_t matrix, factor, vectors, work, right, integers;
} tx_solver_sizes;

struct tx_solver_class {
    tx_solver_sizes (*sizes)(const tx_symmetric_setup *setup, tx_grid grid, int rank);
    /* Of all ranks. */
    void (*open)(tx_symmetric *matrix);
    void (*close)(tx_symmetric *matrix);
    void (*begin)(tx_symmetric *matrix);
    void (*load)(tx_symmetric *matrix); /* what is in `sum` */
    /* Of those that take part. *square: their part of a residual's sum of squares. */
    void (*factor)(tx_symmetric *matrix, double *pivot);
    void (*solve)(tx_symmetric *matrix, int count, double *vectors, double *square);
    int (*eigen)(tx_symmetric *matrix, double *ascending, double *square); /* 0, or what LAPACK says */
    void (*get)(const tx_symmetric *matrix, int first, int count, double *out);
};
extern const tx_solver_class tx_solver_alone, tx_solver_grid;

/* Of a matrix that is not whole: adds rows where everybody's columns are. */
void tx_line_add(tx_symmetric *matrix, int most, const double *rows);
int tx_line_columns(int n, int block, int rank, int num_ranks); /* own columns of `sum` */
int tx_line_column(const tx_symmetric *matrix, int own);        /* which of all such a one is */
