/* What losses ask of the data: as many weights as there are channels, constant fields. */
#pragma once

#include "problem/problem.h"
#include "tensor/fields.h"

tx_fields tx_problem_fields(const tx_data_shape *data);
/* What a network may be given of them; fixed: who rolls out draws no strides. */
tx_network_beside tx_problem_beside(const tx_data_shape *data, bool fixed);
/* Of all losses below a section. TX_INVALID, with the place in the file: weights that do not fit, a field that is not there. */
tx_status tx_losses_check(const tx_section *section, const tx_data_shape *data, tx_error *error);
/* TX_BAD_DATA: a trajectory whose points weigh nothing, or less than that. */
tx_status tx_losses_check_data(const tx_section *section, const tx_dataset *dataset, tx_error *error);
