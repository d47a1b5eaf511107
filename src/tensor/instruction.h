/* From nodes to instructions: what an operation's `prepare` may ask for. Private to this room. */
#pragma once

#include "kernel/backend.h"
#include "tensor/operation.h"

const tx_graph_node *tx_planner_node(const tx_planner *planner, tx_node node);
/* The backend's object for a shape of `bytes` bytes (compared bytewise: zero what is not used), made once for each. */
tx_status tx_planner_object(tx_planner *planner, tx_object_kind kind, const void *shape, size_t bytes, const tx_object **out);
/* The plan's own copy of a layout: equal ones are one, compared by pointer from then on. */
tx_status tx_planner_intern(tx_planner *planner, const tx_layout *layout, const tx_layout **out);
/* Room for the length of the instruction, as its last operand: what its object asks for, for each thread. */
tx_status tx_planner_add_scratch(tx_planner *planner, tx_instruction *instruction);
/* Where weights lie in an object's own order. They are packed once after each change of the parameters. */
tx_status tx_planner_pack(tx_planner *planner, const tx_object *object, tx_operand weight, tx_operand *out);
/* Unless the node works in place: its first input into `target` of its own buffer, before it. */
tx_status tx_planner_copy_first(tx_planner *planner, tx_node node, const tx_layout *target);
/* A user's function, of which each workspace has a state. */
tx_status tx_planner_function(tx_planner *planner, const tx_function *function, tx_instruction *instruction);
/* The object of a Fourier transform of the node's input (forward), or to the node from modes, and its scratch. */
tx_status tx_planner_add_transform(tx_planner *planner, tx_node node, tx_object_kind kind, bool forward,
                                   tx_instruction *instruction);
/* Scratch of a user's function: block samples, and one of zeros, of so many numbers, in the plan's precision and in double. */
tx_status tx_planner_add_samples(tx_planner *planner, size_t numbers, tx_instruction *instruction);
