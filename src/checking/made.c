/* A component as an object, and one application of it as a graph. */
#include <string.h>

#include "base/shape.h"
#include "checking/subject.h"
#include "tensor/operation.h"

struct tx_role {
    tx_kind kind;
    int states; /* that it is applied to: the earlier one of a pair alone, or the later one and then that */
    bool steps; /* its result is a state again */
    bool lane;  /* … is one number */
    tx_status (*create)(tx_made *made, tx_error *error);
    tx_node (*apply)(const tx_made *made, tx_node later, tx_node earlier);
    void (*destroy)(void *object);
};

static tx_status create_network(tx_made *made, tx_error *error)
{
    tx_network *network;
    TX_TRY(tx_network_create(made->checked->section, made->checked->states->shape, error, &network));
    made->object = network;
    made->num_parameters = network->num_parameters;
    return TX_OK;
}
static tx_node apply_network(const tx_made *made, tx_node later, tx_node earlier)
{
    (void)later;
    const tx_past past = {.count = 1, .level = {earlier}};
    return tx_network_apply(made->object, made->graph, &past);
}
static void destroy_network(void *object)
{
    tx_network_destroy(object);
}

static tx_status create_stepper(tx_made *made, tx_error *error)
{
    return tx_stepper_create(made->checked->section, made->checked->states->shape, error, (tx_stepper **)&made->object);
}
static tx_node apply_stepper(const tx_made *made, tx_node later, tx_node earlier)
{
    (void)later;
    return tx_stepper_apply(made->object, made->graph, earlier);
}
static void destroy_stepper(void *object)
{
    tx_stepper_destroy(object);
}

static tx_status create_residuum(tx_made *made, tx_error *error)
{
    return tx_residuum_create(made->checked->section, made->checked->states->shape, error, (tx_residuum **)&made->object);
}
static tx_node apply_residuum(const tx_made *made, tx_node later, tx_node earlier)
{
    return tx_residuum_apply(made->object, made->graph, later, earlier);
}
static void destroy_residuum(void *object)
{
    tx_residuum_destroy(object);
}

static tx_status check_loss(tx_made *made, tx_error *error)
{
    return tx_loss_check(made->checked->section, error);
}
static tx_node apply_loss(const tx_made *made, tx_node later, tx_node earlier)
{
    return tx_loss_of_sample(made->checked->section, made->graph, later, earlier);
}
static void destroy_nothing(void *object)
{
    (void)object;
}

/* clang-format off */
static const tx_role roles[] = {
    {TX_KIND_NETWORK,  1, true,  false, create_network,  apply_network,  destroy_network},
    {TX_KIND_STEPPER,  1, true,  false, create_stepper,  apply_stepper,  destroy_stepper},
    {TX_KIND_RESIDUUM, 2, false, false, create_residuum, apply_residuum, destroy_residuum},
    {TX_KIND_LOSS,     2, false, true,  check_loss,      apply_loss,     destroy_nothing},
};
/* clang-format on */
enum { NUM_ROLES = sizeof roles / sizeof *roles };

static const tx_role *find_role(tx_kind kind)
{
    int k = 0;
    while (k < NUM_ROLES && roles[k].kind != kind) {
        k++;
    }
    return k < NUM_ROLES ? &roles[k] : NULL;
}

bool tx_is_checked(tx_kind kind)
{
    return find_role(kind) != NULL;
}

static tx_status check_shape(const tx_made *made, tx_error *error)
{
    const tx_shape lane = {.channels = 1}, *wanted = made->role->lane ? &lane : &made->checked->states->shape;
    const tx_shape found = tx_node_shape(made->graph, made->y);
    char texts[2][TX_SHAPE_TEXT];
    if ((!made->role->steps && !made->role->lane) || tx_shape_equal(&found, wanted)) {
        return TX_OK;
    }
    tx_shape_write(&found, texts[0]);
    tx_shape_write(wanted, texts[1]);
    return tx_section_error(made->checked->section, NULL, error, TX_INVALID, "its result has the shape (%s), not (%s)", texts[0],
                            texts[1]);
}

/* All states that it is applied to are one window, so that there is one vector to differentiate by. */
static tx_status build(tx_made *made, tx_error *error)
{
    const tx_shape state = made->checked->states->shape;
    tx_shape all = state;
    all.channels *= made->role->states;
    TX_TRY(tx_graph_create(error, &made->graph));
    made->x = tx_window(made->graph, 0, all);
    made->y = made->role->states == 1 ? made->role->apply(made, TX_NONE, made->x)
                                      : made->role->apply(made, tx_take_channels(made->graph, made->x, 0, state.channels),
                                                          tx_take_channels(made->graph, made->x, state.channels, state.channels));
    TX_TRY(tx_graph_status(made->graph, error));
    return check_shape(made, error);
}

static bool calls_function(const tx_made *made, tx_node node)
{
    return strcmp(tx_graph_at(made->graph, node)->op->name, "call_result") == 0;
}

tx_status tx_made_create(const tx_checked *checked, tx_error *error, tx_made *out)
{
    tx_made made = {.checked = checked, .role = find_role(tx_section_component(checked->section)->kind)};
    tx_status status = made.role->create(&made, error);
    status = status ? status : build(&made, error);
    if (status != TX_OK) {
        tx_made_destroy(&made);
        return status;
    }
    for (tx_node node = 0; node < made.graph->count; node++) {
        made.num_functions += calls_function(&made, node);
    }
    *out = made;
    return TX_OK;
}

void tx_made_destroy(tx_made *made)
{
    tx_graph_destroy(made->graph);
    made->role->destroy(made->object);
    *made = (tx_made){0};
}

tx_node tx_made_call(const tx_made *made, int n)
{
    tx_node node = 0;
    while (!calls_function(made, node) || n-- > 0) {
        node++;
    }
    return node;
}

const tx_function *tx_made_function(const tx_made *made, int n)
{
    return tx_graph_at(made->graph, tx_made_call(made, n))->attributes.function;
}
