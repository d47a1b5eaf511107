/* A range of levels cut into trajectories, which threads compute. */
#include "data/trajectory.h"

#include <omp.h>

#include "base/threads.h"

/* Levels of several trajectories, the whole of a read. */
typedef struct range {
    int64_t first, end;       /* flattened levels */
    int64_t trajectory, stop; /* that they are of */
    int64_t levels;           /* of a trajectory */
    size_t bytes;             /* of a level */
    char *out;
} range;

static int64_t pieces(int64_t count, int together)
{
    return (count + together - 1) / together;
}

int tx_generator_threads(const tx_data_source *source, int together)
{
    const int64_t most = pieces(source->whole.num_trajectories, together);
    return source->setup.threads < most ? source->setup.threads : (int)most;
}

static tx_stretch stretch(const range *r, int64_t trajectory)
{
    const int64_t start = trajectory * r->levels, first = r->first > start ? r->first - start : 0;
    return (tx_stretch){.trajectory = trajectory,
                        .first = first,
                        .stop = r->end - start < r->levels ? r->end - start : r->levels,
                        .out = r->out + (size_t)(start + first - r->first) * r->bytes};
}

static tx_status compute(tx_data_source *source, tx_generator *generate, const range *r, int64_t first, int together,
                         tx_error *error)
{
    tx_stretch stretches[TX_MOST_TOGETHER];
    int count = 0;
    for (; count < together && first + count < r->stop; count++) {
        stretches[count] = stretch(r, first + count);
    }
    return generate(source, omp_get_thread_num(), stretches, count, error);
}

tx_status tx_generator_attend(const tx_data_source *source, tx_error *error)
{
    return source->job && tx_parallel_asked_to_stop(source->job) ? tx_error_set(error, TX_STOPPED, "asked to stop") : TX_OK;
}

tx_status tx_generate_levels(tx_data_source *source, tx_generator *generate, int together, int64_t first_level, int64_t num_levels,
                             void *out, tx_error *error)
{
    const int64_t levels = source->whole.num_levels, end = first_level + num_levels;
    const range r = {.first = first_level,
                     .end = end,
                     .trajectory = first_level / levels,
                     .stop = (end - 1) / levels + 1,
                     .levels = levels,
                     .bytes = (size_t)tx_data_level_size(&source->whole) * tx_real_bytes(source->setup.random.precision),
                     .out = out};
    const int64_t count = pieces(r.stop - r.trajectory, together);
    const int threads = count < source->setup.threads ? (int)count : source->setup.threads;
    int64_t failed = count;
    TX_TRY(tx_threads_start(threads, error));
    tx_error found = {0};
#pragma omp parallel for num_threads(threads) schedule(dynamic) if (threads > 1)
    for (int64_t k = 0; k < count; k++) {
        tx_error local = {0};
        tx_status status = tx_generator_attend(source, &local);
        status = status ? status : compute(source, generate, &r, r.trajectory + k * together, together, &local);
#pragma omp critical
        if (status != TX_OK && k < failed) {
            failed = k;
            found = local;
            found.status = status;
        }
    }
    return failed < count ? tx_error_set(error, found.status, "%s", found.message) : TX_OK;
}
