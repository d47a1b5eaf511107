/* ONNX models: values, nodes, initializers, and what stands around them. */
#include "simulation/onnx.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/real.h"
#include "tensor/exported.h"
#include "trainax/version.h"

/* Numbers of fields and types, by onnx.proto. */
enum { MODEL_IR_VERSION = 1, MODEL_PRODUCER = 2, MODEL_PRODUCER_VERSION = 3, MODEL_GRAPH = 7, MODEL_OPSET = 8 };
enum { OPSET_VERSION = 2 };
enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_TYPE = 4, NODE_ATTRIBUTE = 5 };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_INTEGER = 3, ATTRIBUTE_TEXT = 4, ATTRIBUTE_INTEGERS = 8, ATTRIBUTE_TYPE = 20 };
enum { OF_INTEGER = 2, OF_TEXT = 3, OF_INTEGERS = 7 };
enum { TENSOR_DIMS = 1, TENSOR_TYPE = 2, TENSOR_NAME = 8, TENSOR_RAW = 9 };
enum { FLOAT = 1, INT64 = 7, DOUBLE = 11 };
enum { VALUE_NAME = 1, VALUE_TYPE = 2, TYPE_TENSOR = 1, TENSOR_ELEMENT = 1, TENSOR_SHAPE = 2 };
enum { SHAPE_DIM = 1, DIM_VALUE = 1, DIM_NAME = 2 };

/* ---- values by name: 0 is the state, what lies below TX_NONE leaves ---- */

static int leaf_value(int leaf)
{
    return TX_NONE - 1 - leaf;
}

static void put_name(tx_onnx *onnx, int field, int value)
{
    char name[TX_LEAF_NAME];
    if (value < TX_NONE) {
        tx_message_text(&onnx->bytes, field, onnx->leaves->leaf[leaf_value(value)].name);
    } else {
        snprintf(name, sizeof name, value ? "v%d" : "state", value);
        tx_message_text(&onnx->bytes, field, name);
    }
}

/* ---- nodes ---- */

static void put_attribute(tx_message *bytes, const tx_onnx_attribute *attribute)
{
    const size_t begin = tx_message_begin(bytes, NODE_ATTRIBUTE);
    tx_message_text(bytes, ATTRIBUTE_NAME, attribute->name);
    if (attribute->text) {
        tx_message_text(bytes, ATTRIBUTE_TEXT, attribute->text);
    } else if (!attribute->count) {
        tx_message_integer(bytes, ATTRIBUTE_INTEGER, attribute->integer[0]);
    }
    for (int k = 0; k < attribute->count; k++) {
        tx_message_integer(bytes, ATTRIBUTE_INTEGERS, attribute->integer[k]);
    }
    tx_message_integer(bytes, ATTRIBUTE_TYPE, attribute->text ? OF_TEXT : attribute->count ? OF_INTEGERS : OF_INTEGER);
    tx_message_end(bytes, begin);
}

int tx_onnx_add(tx_onnx *onnx, const char *type, int a, int b, int c, const tx_onnx_attribute *attributes)
{
    const int inputs[] = {a, b, c}, value = ++onnx->count;
    const size_t begin = tx_message_begin(&onnx->bytes, GRAPH_NODE);
    for (int k = 0; k < 3; k++) {
        if (inputs[k] != TX_NONE) {
            put_name(onnx, NODE_INPUT, inputs[k]);
        }
    }
    put_name(onnx, NODE_OUTPUT, value);
    tx_message_text(&onnx->bytes, NODE_TYPE, type);
    for (; attributes && attributes->name; attributes++) {
        put_attribute(&onnx->bytes, attributes);
    }
    tx_message_end(&onnx->bytes, begin);
    return value;
}

/* ---- initializers ---- */

static int put_initializer(tx_onnx *onnx, int value, int type, int rank, const int64_t *dims, const void *data)
{
    size_t bytes = type == FLOAT ? sizeof(float) : sizeof(double);
    const size_t begin = tx_message_begin(&onnx->bytes, GRAPH_INITIALIZER);
    for (int d = 0; d < rank; d++) {
        tx_message_integer(&onnx->bytes, TENSOR_DIMS, dims[d]);
        bytes *= (size_t)dims[d];
    }
    tx_message_integer(&onnx->bytes, TENSOR_TYPE, type);
    put_name(onnx, TENSOR_NAME, value);
    tx_message_bytes(&onnx->bytes, TENSOR_RAW, bytes, data);
    tx_message_end(&onnx->bytes, begin);
    return value;
}

static int real_type(const tx_onnx *onnx)
{
    return onnx->network->precision == TX_FLOAT32 ? FLOAT : DOUBLE;
}

int tx_onnx_integers(tx_onnx *onnx, int rank, const int64_t *dims, const int64_t *integers)
{
    return put_initializer(onnx, ++onnx->count, INT64, rank, dims, integers);
}

void *tx_onnx_room(tx_onnx *onnx, int64_t count, size_t size)
{
    void *room = NULL;
    if (onnx->bytes.status == TX_OK) {
        onnx->bytes.status = tx_allocate_array((size_t)count, size, onnx->bytes.error, &room);
    }
    return room;
}

int tx_onnx_reals(tx_onnx *onnx, int rank, const int64_t *dims, const double *reals)
{
    const tx_precision precision = onnx->network->precision;
    int64_t count = 1;
    for (int d = 0; d < rank; d++) {
        count *= dims[d];
    }
    void *own = tx_onnx_room(onnx, count, tx_real_bytes(precision));
    for (int64_t k = 0; own && k < count; k++) {
        tx_real_put(precision, own, k, reals[k]);
    }
    const int value = put_initializer(onnx, ++onnx->count, real_type(onnx), rank, dims, own);
    tx_free(own);
    return value;
}

/* A parameter that is no whole leaf has a number for its name. */
static int put_parameter(tx_onnx *onnx, const tx_attributes *a, int rank, const int64_t *dims)
{
    int leaf = 0;
    const tx_leaf *leaves = onnx->leaves->leaf;
    while (leaf < onnx->leaves->count && (leaves[leaf].offset != a->offset || leaves[leaf].size != a->size)) {
        leaf++;
    }
    const int value = leaf < onnx->leaves->count ? leaf_value(leaf) : ++onnx->count;
    const char *data = onnx->network->parameters;
    return put_initializer(onnx, value, real_type(onnx), rank, dims,
                           data + (size_t)a->offset * tx_real_bytes(onnx->network->precision));
}

int tx_onnx_numbers(tx_onnx *onnx, tx_node node, int rank, const int64_t *dims)
{
    int *const value = &onnx->value[node];
    if (*value != TX_NONE) {
        return tx_onnx_reshape(onnx, *value, rank, dims);
    }
    return *value = put_parameter(onnx, &tx_graph_at(onnx->graph, node)->attributes, rank, dims);
}

int tx_onnx_reshape(tx_onnx *onnx, int x, int rank, const int64_t *dims)
{
    return tx_onnx_add(onnx, "Reshape", x, tx_onnx_integers(onnx, 1, (const int64_t[]){rank}, dims), TX_NONE, NULL);
}

int tx_onnx_einsum(tx_onnx *onnx, int a, int b, const char *equation)
{
    return tx_onnx_add(onnx, "Einsum", a, b, TX_NONE, (const tx_onnx_attribute[]){{.name = "equation", .text = equation}, {0}});
}

/* ---- the model ---- */

static void put_dimension(tx_message *bytes, const char *name, int64_t size)
{
    const size_t begin = tx_message_begin(bytes, SHAPE_DIM);
    if (name) {
        tx_message_text(bytes, DIM_NAME, name);
    } else {
        tx_message_integer(bytes, DIM_VALUE, size);
    }
    tx_message_end(bytes, begin);
}

static void put_states(tx_onnx *onnx, int field, const char *name)
{
    tx_message *bytes = &onnx->bytes;
    const tx_shape *state = &onnx->network->state;
    const size_t info = tx_message_begin(bytes, field);
    tx_message_text(bytes, VALUE_NAME, name);
    const size_t type = tx_message_begin(bytes, VALUE_TYPE), tensor = tx_message_begin(bytes, TYPE_TENSOR);
    tx_message_integer(bytes, TENSOR_ELEMENT, real_type(onnx));
    const size_t shape = tx_message_begin(bytes, TENSOR_SHAPE);
    put_dimension(bytes, "batch", 0);
    put_dimension(bytes, NULL, state->channels);
    for (int d = 0; d < state->axes; d++) {
        put_dimension(bytes, NULL, state->n[d]);
    }
    tx_message_end(bytes, shape);
    tx_message_end(bytes, tensor);
    tx_message_end(bytes, type);
    tx_message_end(bytes, info);
}

static void put_head(tx_message *bytes)
{
    tx_message_integer(bytes, MODEL_IR_VERSION, TX_ONNX_IR_VERSION);
    tx_message_text(bytes, MODEL_PRODUCER, "trainax");
    tx_message_text(bytes, MODEL_PRODUCER_VERSION, tx_version());
    const size_t opset = tx_message_begin(bytes, MODEL_OPSET);
    tx_message_integer(bytes, OPSET_VERSION, TX_ONNX_OPSET);
    tx_message_end(bytes, opset);
}

/* Under the name that is promised. */
static void put_result(tx_onnx *onnx, int value)
{
    const size_t begin = tx_message_begin(&onnx->bytes, GRAPH_NODE);
    put_name(onnx, NODE_INPUT, value);
    tx_message_text(&onnx->bytes, NODE_OUTPUT, "next_state");
    tx_message_text(&onnx->bytes, NODE_TYPE, "Identity");
    tx_message_end(&onnx->bytes, begin);
}

static tx_status put_graph(tx_onnx *onnx, tx_error *error)
{
    const size_t begin = tx_message_begin(&onnx->bytes, MODEL_GRAPH);
    tx_message_text(&onnx->bytes, GRAPH_NAME, "step");
    put_states(onnx, GRAPH_INPUT, "state");
    for (tx_node n = 0; n < onnx->graph->count; n++) {
        onnx->value[n] = TX_NONE;
        TX_TRY(tx_onnx_translate(onnx, n, error));
    }
    put_result(onnx, onnx->value[onnx->network->output]);
    put_states(onnx, GRAPH_OUTPUT, "next_state");
    tx_message_end(&onnx->bytes, begin);
    return onnx->bytes.status;
}

static tx_status put_model(tx_onnx *onnx, tx_error *error)
{
    TX_TRY(tx_allocate_array((size_t)onnx->graph->count, sizeof *onnx->value, error, &onnx->value));
    put_head(&onnx->bytes);
    const tx_status status = put_graph(onnx, error);
    tx_free(onnx->value);
    TX_TRY(status);
    return onnx->bytes.length <= INT32_MAX
               ? TX_OK
               : tx_error_set(error, TX_INVALID, "%zu bytes: an ONNX file has less than 2 GiB", onnx->bytes.length);
}

tx_status tx_onnx_write(const tx_exported *network, const tx_leaves *leaves, const char *path, tx_error *error, size_t *bytes,
                        char **out)
{
    (void)path;
    tx_graph *graph;
    TX_TRY(tx_graph_import(network, error, &graph));
    tx_onnx onnx = {.bytes = {.error = error}, .network = network, .leaves = leaves, .graph = graph};
    const tx_status status = put_model(&onnx, error);
    tx_graph_destroy(graph);
    if (status != TX_OK) {
        tx_free(onnx.bytes.data);
        return status;
    }
    *bytes = onnx.bytes.length;
    *out = onnx.bytes.data;
    return TX_OK;
}
