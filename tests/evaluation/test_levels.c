/* ranks: 1 2 3
 * The levels that an evaluation asks for are those of the file, in groups and pieces of any size, read or fetched; and no others
 * are read. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "data/section.h"
#include "evaluation/levels.h"

enum { S = 7, T = 10, C = 2, N = 3 };

static tx_parallel *parallel;
static char path[64], text[128];

static float number(int64_t trajectory, int64_t level, int place)
{
    return (float)((trajectory * T + level) * C * N + place);
}

/* Levels from `sound` on hold no numbers. */
static void write_file(int sound)
{
    float values[S][T][C * N];
    tx_file *file;
    for (int s = 0; s < S; s++) {
        for (int t = 0; t < T; t++) {
            for (int k = 0; k < C * N; k++) {
                values[s][t][k] = t < sound ? number(s, t, k) : NAN;
            }
        }
    }
    if (tx_parallel_rank(parallel) == 0) {
        CU_ASSERT_EQUAL_FATAL(tx_file_create(NULL, &file), TX_OK);
        CU_ASSERT_EQUAL(tx_file_write_reals(file, "/trajectories", 4, (const int64_t[]){S, T, C, N}, TX_FLOAT32, values, NULL),
                        TX_OK);
        CU_ASSERT_EQUAL(tx_file_save(file, path, NULL, NULL), TX_OK);
        tx_file_close(file);
    }
    CU_ASSERT_EQUAL_FATAL(tx_parallel_barrier(parallel, NULL), TX_OK);
}

static void walk(tx_levels *levels)
{
    int64_t samples = 0;
    CU_ASSERT_EQUAL_FATAL(tx_levels_allocate(levels, NULL), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_levels_begin(levels, NULL), TX_OK);
    for (int64_t group = 0; group < tx_levels_groups(levels); group++) {
        const int count = tx_levels_group_size(levels, group);
        for (int64_t level = 0; level < levels->needed; level++) {
            const void *const *windows;
            CU_ASSERT_EQUAL_FATAL(tx_levels_get(levels, group, level, NULL, &windows), TX_OK);
            for (int k = 0; k < count; k++) {
                const float *found = windows[k];
                CU_ASSERT_EQUAL(found[0], number(levels->first + samples + k, level, 0));
                CU_ASSERT_EQUAL(found[C * N - 1], number(levels->first + samples + k, level, C * N - 1));
            }
        }
        samples += count;
    }
    CU_ASSERT_EQUAL(samples, levels->count);
    tx_levels_free(levels);
}

static tx_levels levels_of(int64_t needed)
{
    static const tx_data_shape shape = {.num_trajectories = S, .num_levels = T};
    const int64_t rank = tx_parallel_rank(parallel), size = tx_parallel_size(parallel), first = S * rank / size;
    return (tx_levels){.first = first,
                       .count = S * (rank + 1) / size - first,
                       .shape = &shape,
                       .needed = needed,
                       .level_bytes = C * N * sizeof(float)};
}

static void read_levels(const tx_section *section, int64_t needed)
{
    tx_data_source *source;
    const tx_data_setup setup = {.random.precision = TX_FLOAT32};
    CU_ASSERT_EQUAL_FATAL(tx_data_source_create(section, setup, NULL, &source), TX_OK);
    for (int group = 1; group <= S; group += 2) {
        for (int64_t piece = 1; piece <= needed; piece++) {
            tx_levels levels = levels_of(needed);
            levels.source = source;
            tx_levels_choose(&levels, 1, group);
            CU_ASSERT_EQUAL(levels.group, group);
            CU_ASSERT_EQUAL(levels.piece, needed); /* all of this fits */
            levels.piece = piece;
            walk(&levels);
        }
    }
    tx_data_source_destroy(source);
}

static void levels_are_read(void)
{
    data_section section;
    CU_ASSERT_EQUAL_FATAL(data_section_open(text, NULL, &section), TX_OK);
    for (int sound = 3; sound <= T; sound += 7) {
        write_file(sound);
        read_levels(section.section, sound);
        CU_ASSERT_EQUAL_FATAL(tx_parallel_barrier(parallel, NULL), TX_OK);
    }
    data_section_close(&section);
}

static void levels_are_fetched(void)
{
    data_section section;
    tx_dataset *dataset;
    const tx_data_setup setup = {.random.precision = TX_FLOAT32};
    write_file(T);
    CU_ASSERT_EQUAL_FATAL(data_section_open(text, NULL, &section), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_dataset_create(parallel, section.section, setup, TX_SHARDED, NULL, &dataset), TX_OK);
    for (int group = 1; group <= S; group++) {
        tx_levels levels = levels_of(T - group % 3);
        levels.store = dataset->store;
        tx_levels_choose(&levels, 1, group);
        walk(&levels);
    }
    tx_dataset_destroy(dataset);
    data_section_close(&section);
}

static tx_status read_nothing(tx_data_source *source, const tx_data_box *box, void *out, tx_error *error)
{
    (void)source, (void)box, (void)out, (void)error;
    return TX_OK;
}

/* What does not fit: few samples at a time, then parts of their levels, unless these would be computed from the beginning. */
static void memory_is_bounded(void)
{
    enum { MIB = 1 << 20 };
    const tx_data_shape shape = {.num_levels = 1000};
    tx_data_class class_ = {.read_box = read_nothing};
    tx_data_source source = {.class_ = &class_};
    tx_levels levels = {.source = &source, .count = 100, .shape = &shape, .needed = 16, .level_bytes = MIB / 2};
    tx_levels_choose(&levels, 2, 64);
    CU_ASSERT(levels.group < 64 && levels.piece == 16);
    CU_ASSERT(tx_levels_bytes(&levels) <= 33 * (size_t)MIB);
    levels.needed = 1000;
    tx_levels_choose(&levels, 2, 64);
    CU_ASSERT(levels.group == 2 && levels.piece > 1);
    CU_ASSERT(tx_levels_bytes(&levels) <= 33 * (size_t)MIB);
    class_.read_box = NULL;
    tx_levels_choose(&levels, 2, 64);
    CU_ASSERT(levels.group == 2 && levels.piece == 1000);
}

int main(void)
{
    static const suite_test tests[] = {{"levels are read", levels_are_read},
                                       {"levels are fetched", levels_are_fetched},
                                       {"memory is bounded", memory_is_bounded},
                                       {0}};
    if (tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    snprintf(path, sizeof path, "/tmp/trainax-levels-%d.h5", (int)getpid());
    (void)!tx_parallel_broadcast(parallel, path, sizeof path, NULL);
    snprintf(text, sizeof text, "{type: file, path: %s}", path);
    const int status = suite_run("levels", tests);
    if (tx_parallel_rank(parallel) == 0) {
        unlink(path);
    }
    tx_parallel_destroy(parallel);
    return status;
}
