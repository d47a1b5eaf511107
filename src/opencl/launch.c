/* From an instruction to the arguments of a kernel, and onto the queue. */
#include "opencl/opencl.h"

#include <string.h>

#include "base/clock.h"

void tx_opencl_layout_to(const tx_layout *layout, tx_opencl_layout *out)
{
    *out = (tx_opencl_layout){.channels = layout->shape.channels,
                              .channel = layout->channel,
                              .origin = layout->origin,
                              .row = layout->row,
                              .outer = {layout->outer[0], layout->outer[1]},
                              .outer_stride = {layout->outer_stride[0], layout->outer_stride[1]},
                              .block = layout->block,
                              .n = layout->row / layout->block};
}

static void put_place(tx_opencl_launch *l, int k, tx_operand operand)
{
    const tx_place *place = &l->frame->staged->place[operand.space];
    const int64_t real = (int64_t)tx_real_bytes(l->opencl->backend.precision);
    if (operand.space != TX_SPACE_NONE) {
        l->place[k] = place->buffer;
        l->call.at[k] = ((int64_t)place->offset + operand.offset) / real;
        l->call.next[k] = (int64_t)place->next / real;
        l->call.present |= 1 << k;
    }
}

tx_opencl_launch tx_opencl_launch_of(const tx_instruction *i, tx_frame *frame, const char *function)
{
    tx_opencl_launch l = {.instruction = i,
                          .frame = frame,
                          .opencl = tx_opencl_of(frame->backend),
                          .object = (const tx_opencl_object *)i->object,
                          .alpha = i->alpha,
                          .beta = i->beta,
                          .call = {.total = frame->staged->total,
                                   .activation = (int)i->activation,
                                   .flip = i->flip,
                                   .groups = i->groups,
                                   .lane = i->lane}};
    while (strcmp(tx_opencl_function(l.kernel), function) != 0) {
        l.kernel++;
    }
    for (int k = 0; k < TX_MAX_INPUTS; k++) {
        put_place(&l, k, i->operand[k]);
        if (i->layout[k]) {
            tx_opencl_layout_to(i->layout[k], &l.call.in[k]);
        }
    }
    put_place(&l, TX_CALL_SCRATCH, i->operand[TX_MAX_OPERANDS - 1]);
    put_place(&l, TX_CALL_OUT, i->out);
    if (i->out_layout) {
        tx_opencl_layout_to(i->out_layout, &l.call.out);
    }
    return l;
}

void tx_opencl_over(tx_opencl_launch *launch, const tx_opencl_layout *layout)
{
    launch->items = layout->row;
    launch->rows = layout->channels * layout->outer[0] * layout->outer[1];
}

static cl_mem memory_of(const tx_buffer *buffer)
{
    return buffer ? ((const tx_opencl_buffer *)buffer)->memory : NULL;
}

static tx_status set(cl_kernel kernel, int k, size_t bytes, const void *value, tx_error *error)
{
    return TX_OPENCL_CALL(error, clSetKernelArg, kernel, (cl_uint)k, bytes, value);
}

static tx_status set_real(const tx_opencl_launch *l, cl_kernel kernel, int k, double value)
{
    const float single = (float)value;
    const bool is_single = l->opencl->backend.precision == TX_FLOAT32;
    return set(kernel, k, is_single ? sizeof single : sizeof value, is_single ? (const void *)&single : &value, l->frame->error);
}

tx_status tx_opencl_set_arguments(const tx_opencl_launch *l, cl_kernel kernel)
{
    for (int k = 0; k < TX_CALL_PLACES; k++) {
        const cl_mem memory = memory_of(l->place[k]);
        TX_TRY(set(kernel, k, sizeof memory, &memory, l->frame->error));
    }
    const cl_mem table = memory_of(l->object ? l->object->table : NULL);
    TX_TRY(set(kernel, TX_CALL_PLACES, sizeof table, &table, l->frame->error));
    TX_TRY(set(kernel, TX_CALL_PLACES + 1, sizeof l->call, &l->call, l->frame->error));
    TX_TRY(set_real(l, kernel, TX_CALL_PLACES + 2, l->alpha));
    return set_real(l, kernel, TX_CALL_PLACES + 3, l->beta);
}

/* ---- In time ---- */

static tx_status time_of(cl_event event, tx_error *error, double *seconds)
{
    cl_ulong begin, end;
    TX_TRY(TX_OPENCL_CALL(error, clGetEventProfilingInfo, event, CL_PROFILING_COMMAND_START, sizeof begin, &begin, NULL));
    TX_TRY(TX_OPENCL_CALL(error, clGetEventProfilingInfo, event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL));
    *seconds += (double)(end - begin) * 1e-9;
    return TX_OK;
}

static tx_status start_timed(const tx_opencl_launch *l, cl_kernel kernel, const size_t global[2], size_t group)
{
    tx_opencl_pass *pass = l->frame->pass;
    tx_error *error = l->frame->error;
    cl_event event;
    TX_TRY(TX_OPENCL_CALL(error, clEnqueueNDRangeKernel, l->opencl->timed, kernel, 2, NULL, global, (const size_t[]){group, 1}, 0,
                          NULL, &event));
    tx_status status = TX_OPENCL_CALL(error, clFinish, l->opencl->timed);
    status = status ? status : time_of(event, error, &pass->seconds);
    tx_cl->clReleaseEvent(event);
    return status;
}

/* By events of a queue that has them; but for what runs on the host. */
tx_status tx_opencl_time(const tx_instruction *instruction, tx_frame *frame, double *seconds)
{
    tx_opencl *opencl = tx_opencl_of(frame->backend);
    tx_opencl_pass pass = {.seconds = 0};
    const double begin = tx_clock();
    if (!opencl->timed) {
        TX_OPENCL_MAKE(frame->error, opencl->timed, clCreateCommandQueue, opencl->context, opencl->device.id,
                       CL_QUEUE_PROFILING_ENABLE);
    }
    TX_TRY(TX_OPENCL_CALL(frame->error, clFinish, opencl->queue));
    frame->pass = &pass;
    const tx_status status = instruction->run(instruction, frame);
    frame->pass = NULL;
    TX_TRY(status);
    *seconds = instruction->function ? tx_clock() - begin : pass.seconds;
    return TX_OK;
}

/* ---- Onto the queue ---- */

static tx_status start(const tx_opencl_launch *l)
{
    const tx_opencl_pass *pass = l->frame->pass;
    const cl_kernel kernel = l->opencl->kernels[l->kernel];
    const size_t group = (size_t)(l->sums ? l->opencl->form->sum : l->opencl->form->group);
    const size_t global[] = {(size_t)l->rows * (size_t)l->call.chunks * group, (size_t)(l->once ? 1 : l->frame->staged->blocks)};
    if (pass && pass->recording) {
        return tx_opencl_record(pass->recording, l, global, group);
    }
    TX_TRY(tx_opencl_set_arguments(l, kernel));
    return pass ? start_timed(l, kernel, global, group)
                : TX_OPENCL_CALL(l->frame->error, clEnqueueNDRangeKernel, l->opencl->queue, kernel, 2, NULL, global,
                                 (const size_t[]){group, 1}, 0, NULL, NULL);
}

tx_status tx_opencl_enqueue(const tx_opencl_launch *launch)
{
    tx_opencl *opencl = tx_opencl_of(launch->frame->backend);
    tx_opencl_launch l = *launch;
    const int64_t group = (int64_t)opencl->form->group * opencl->form->run;
    l.call.chunks = l.sums ? 1 : (int)((l.items + group - 1) / group);
    if (l.rows * l.call.chunks == 0) {
        return TX_OK;
    }
    pthread_mutex_lock(&opencl->mutex);
    const tx_status status = start(&l);
    pthread_mutex_unlock(&opencl->mutex);
    return status;
}
