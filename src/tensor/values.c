/* One vector of parameters bound to a plan: its weights in the kernels' own orders, made anew when the vector has changed. */
#include "base/memory.h"
#include "tensor/run.h"

/* Tables that the plan's objects have no room for before anybody runs it. */
static tx_status load_objects(tx_plan *plan, tx_error *error)
{
    for (; plan->num_loaded < plan->num_objects; plan->num_loaded++) {
        TX_TRY(plan->backend->class_->load(plan->backend, plan->objects[plan->num_loaded].object, error));
    }
    return TX_OK;
}

/* Weights that lie in `space`, which is at `flat` in place, else in `buffer`. */
static tx_status pack(const tx_values *values, tx_space space, const void *flat, tx_buffer *buffer, tx_error *error)
{
    const tx_plan *plan = values->plan;
    tx_staged staged = {.block = 1, .blocks = 1};
    staged.place[space].buffer = buffer;
    staged.place[TX_SPACE_PACKED].buffer = values->packed;
    tx_frame frame = {.backend = plan->backend, .part = tx_whole, .error = error};
    frame.staged = plan->backend->class_->in_place ? NULL : &staged;
    frame.base[space] = (char *)flat;
    frame.base[TX_SPACE_PACKED] = values->packed->data;
    for (size_t k = 0; k < plan->num_packs; k++) {
        const tx_instruction *pack = &plan->packs[k].instruction;
        if (pack->operand[0].space == space) {
            TX_TRY(pack->run(pack, &frame));
        }
    }
    return TX_OK;
}

static tx_status make_constants(tx_values *values, tx_error *error)
{
    const tx_plan *plan = values->plan;
    const tx_backend_class *class_ = plan->backend->class_;
    if (!class_->in_place) {
        TX_TRY(class_->allocate(plan->backend, plan->constant_bytes, error, &values->constants));
        TX_TRY(class_->upload(values->constants, 0, plan->constants, plan->constant_bytes, error));
        TX_TRY(class_->allocate(plan->backend, tx_flat_bytes(&plan->options), error, &values->flat[0]));
        TX_TRY(
            class_->allocate(plan->backend, plan->options.tangents ? tx_flat_bytes(&plan->options) : 0, error, &values->flat[1]));
    }
    return pack(values, TX_SPACE_CONSTANTS, plan->constants, values->constants, error);
}

tx_status tx_values_create(tx_plan *plan, const tx_parameters *parameters, tx_error *error, tx_values **out)
{
    tx_values *values;
    TX_TRY(load_objects(plan, error));
    TX_TRY(tx_allocate(sizeof *values, error, &values));
    values->plan = plan;
    values->parameters = parameters;
    pthread_mutex_init(&values->refreshing, NULL);
    tx_status status = plan->backend->class_->allocate(plan->backend, plan->packed_bytes, error, &values->packed);
    status = status ? status : make_constants(values, error);
    if (status != TX_OK) {
        tx_values_destroy(values);
        return status;
    }
    *out = values;
    return TX_OK;
}

void tx_values_destroy(tx_values *values)
{
    if (values) {
        const tx_backend_class *class_ = values->plan->backend->class_;
        class_->free(values->packed);
        class_->free(values->constants);
        class_->free(values->flat[0]);
        class_->free(values->flat[1]);
        pthread_mutex_destroy(&values->refreshing);
        tx_free(values);
    }
}

void tx_values_set_tangent(tx_values *values, const tx_parameters *tangent)
{
    values->tangent = tangent;
    values->versions[1] = 0;
}

static tx_status refresh_flat(tx_values *values, int which, const tx_parameters *flat, tx_error *error)
{
    static const tx_space spaces[] = {TX_SPACE_PARAMETERS, TX_SPACE_TANGENTS};
    const tx_backend_class *class_ = values->plan->backend->class_;
    if (!class_->in_place) {
        TX_TRY(class_->upload(values->flat[which], 0, flat->reals, tx_flat_bytes(&values->plan->options), error));
    }
    TX_TRY(pack(values, spaces[which], flat->reals, values->flat[which], error));
    __atomic_store_n(&values->versions[which], flat->version, __ATOMIC_RELEASE);
    return TX_OK;
}

static bool is_stale(const tx_values *values, int which, const tx_parameters *flat)
{
    return flat && __atomic_load_n(&values->versions[which], __ATOMIC_ACQUIRE) != flat->version;
}

/* Those that may have changed with the parameters. */
static tx_status take_constants(tx_values *values, tx_error *error)
{
    tx_plan *plan = (tx_plan *)values->plan;
    const tx_backend_class *class_ = plan->backend->class_;
    tx_plan_take_constants(plan);
    return class_->in_place ? TX_OK : class_->upload(values->constants, 0, plan->constants, plan->constant_bytes, error);
}

static tx_status refresh(tx_values *values, tx_error *error)
{
    const bool late = values->plan->num_late && is_stale(values, 0, values->parameters);
    TX_TRY(late ? take_constants(values, error) : TX_OK);
    TX_TRY(is_stale(values, 0, values->parameters) ? refresh_flat(values, 0, values->parameters, error) : TX_OK);
    return is_stale(values, 1, values->tangent) ? refresh_flat(values, 1, values->tangent, error) : TX_OK;
}

tx_status tx_values_refresh(tx_values *values, tx_error *error)
{
    if (!is_stale(values, 0, values->parameters) && !is_stale(values, 1, values->tangent)) {
        return TX_OK;
    }
    pthread_mutex_lock(&values->refreshing);
    const tx_status status = refresh(values, error);
    pthread_mutex_unlock(&values->refreshing);
    return status;
}
