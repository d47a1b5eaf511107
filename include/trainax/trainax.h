/* trainax: training of autoregressive neural emulators over MPI. This header includes the public ones. */
#pragma once

#include "trainax/callback.h"
#include "trainax/component.h"
#include "trainax/configuration.h"
#include "trainax/data.h"
#include "trainax/file.h"
#include "trainax/metric.h"
#include "trainax/network.h"
#include "trainax/optimizer.h"
#include "trainax/parallel.h"
#include "trainax/physics.h"
#include "trainax/random.h"
#include "trainax/shape.h"
#include "trainax/status.h"
#include "trainax/tensor.h"
#include "trainax/training.h"
#include "trainax/version.h"
