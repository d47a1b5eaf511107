/* Leaves (names, shapes, order) and their initial values are those of Equinox and PDEquinox, bit for bit, in both streams
 * and precisions: initial.txt, made from the networks in initial.yaml by scripts/generate_golden.py. */
#include <stdlib.h>

#include "base/memory.h"
#include "network/sections.h"

enum { MAX_NETWORKS = 64, LINE_SIZE = 1024 };

typedef struct network_case {
    char text[LINE_SIZE]; /* YAML flow mapping */
    tx_shape state;
} network_case;

/* A line `- {data: [C, N…], …}`: the list is the state's shape, the rest the section. */
static bool read_case(const char *line, network_case *out)
{
    static const char start[] = "- {data: [";
    if (strncmp(line, start, sizeof start - 1) != 0) {
        return false;
    }
    char *at;
    out->state = (tx_shape){.axes = -1};
    for (line += sizeof start - 1;; line = at + 1) {
        const int64_t number = strtoll(line, &at, 10);
        *(out->state.axes < 0 ? &out->state.channels : &out->state.n[out->state.axes]) = number;
        out->state.axes++;
        if (*at == ']') {
            break;
        }
    }
    snprintf(out->text, sizeof out->text, "{%s", at + 2);
    return true;
}

static int read_cases(network_case *cases)
{
    FILE *file = fopen(TESTS_DIR "/network/initial.yaml", "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    char line[LINE_SIZE];
    int count = 0;
    while (count < MAX_NETWORKS && fgets(line, sizeof line, file)) {
        count += read_case(line, &cases[count]);
    }
    fclose(file);
    return count;
}

static uint64_t fnv1a(const unsigned char *bytes, size_t count)
{
    uint64_t value = 0xcbf29ce484222325u;
    for (size_t k = 0; k < count; k++) {
        value = (value ^ bytes[k]) * 0x100000001b3u;
    }
    return value;
}

static double real_at(const void *values, tx_precision precision, int64_t index)
{
    return precision == TX_FLOAT32 ? (double)((const float *)values)[index] : ((const double *)values)[index];
}

/* `leaf NAME RANK SIZE… : FIRST LAST HASH` */
static void check_leaf(const char *line, const tx_leaf *leaf, const void *values, tx_precision precision)
{
    char name[TX_LEAF_NAME];
    int rank, used;
    CU_ASSERT_EQUAL_FATAL(sscanf(line, "leaf %95s %d%n", name, &rank, &used), 2);
    CU_ASSERT_STRING_EQUAL(leaf->name, name);
    CU_ASSERT_EQUAL_FATAL(leaf->rank, rank);
    char *at = (char *)line + used;
    for (int d = 0; d < rank; d++) {
        CU_ASSERT_EQUAL(leaf->shape[d], strtoll(at, &at, 10));
    }
    double first, last;
    unsigned long long hash;
    CU_ASSERT_EQUAL_FATAL(sscanf(at, " : %lf %lf %llx", &first, &last, &hash), 3);
    const size_t bytes = tx_real_bytes(precision);
    const unsigned char *start = (const unsigned char *)values + (size_t)leaf->offset * bytes;
    /* The file's decimals name a number of the precision exactly. */
    CU_ASSERT_EQUAL(real_at(start, precision, 0), precision == TX_FLOAT32 ? (double)(float)first : first);
    CU_ASSERT_EQUAL(real_at(start, precision, leaf->size - 1), precision == TX_FLOAT32 ? (double)(float)last : last);
    CU_ASSERT_EQUAL(fnv1a(start, (size_t)leaf->size * bytes), hash);
}

typedef struct reader {
    const tx_registry *registry;
    network_case cases[MAX_NETWORKS];
    tx_random random;
    made_network made;
    void *values;
    int leaf, num_checked;
} reader;

static void leave_network(reader *r)
{
    if (r->made.network) {
        CU_ASSERT_EQUAL(r->leaf, r->made.network->num_leaves);
        r->num_checked++;
    }
    network_unmake(&r->made);
    tx_free(r->values);
    r->made = (made_network){0};
    r->values = NULL;
    r->leaf = 0;
}

static void enter_network(reader *r, const char *line)
{
    char precision[16], stream[32];
    int number;
    tx_error error = {0};
    CU_ASSERT_EQUAL_FATAL(sscanf(line, "network %15s %31s %d", precision, stream, &number), 3);
    r->random.precision = strcmp(precision, "float64") == 0 ? TX_FLOAT64 : TX_FLOAT32;
    r->random.stream = strcmp(stream, "jax_legacy") == 0 ? TX_STREAM_LEGACY : TX_STREAM_PARTITIONABLE;
    const network_case *c = &r->cases[number];
    if (network_make(r->registry, c->text, c->state, &error, &r->made) != TX_OK) {
        printf("\n%s%s\n", c->text, error.message);
        CU_FAIL_FATAL("network not made");
    }
    tx_network *network = r->made.network;
    const size_t bytes = (size_t)network->num_parameters * tx_real_bytes(r->random.precision);
    CU_ASSERT_EQUAL_FATAL(tx_allocate(bytes, NULL, &r->values), TX_OK);
    memset(r->values, 0xff, bytes); /* NaN: whatever is not drawn shows */
    CU_ASSERT_EQUAL(tx_network_initialise(network, r->random, r->values, &error), TX_OK);
}

static void initial_parameters(void)
{
    static char line[LINE_SIZE];
    static reader r;
    tx_registry *registry = network_registry();
    r.registry = registry;
    const int count = read_cases(r.cases);
    FILE *file = fopen(TESTS_DIR "/network/initial.txt", "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    while (fgets(line, sizeof line, file)) {
        if (line[0] == 'n') {
            leave_network(&r);
            enter_network(&r, line);
        } else if (line[0] == 'l') {
            CU_ASSERT_FATAL(r.leaf < r.made.network->num_leaves);
            check_leaf(line, &r.made.network->leaves[r.leaf++], r.values, r.random.precision);
        }
    }
    leave_network(&r);
    fclose(file);
    CU_ASSERT(count > 10);
    CU_ASSERT_EQUAL(r.num_checked, 4 * count); /* two precisions, two streams */
    tx_registry_destroy(registry);
}

int main(void)
{
    static const suite_test tests[] = {{"initial parameters", initial_parameters}, {NULL, NULL}};
    return suite_run("network/initial", tests);
}
