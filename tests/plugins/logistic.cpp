// A stepper in C++: logistic growth at each point, which keeps its tables in containers and throws. Nothing is thrown further than
// `guarded`.
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include <trainax/plugin.h>

namespace {

class logistic {
public:
    logistic(std::size_t size, double rate, double bound) : rates(size, rate), bound(bound) {}

    // One sample.
    void step(const double *x, double *y) const
    {
        for (std::size_t i = 0; i < rates.size(); i++) {
            if (x[i] > bound) {
                throw std::domain_error("number " + std::to_string(i) + " is " + std::to_string(x[i]) + ", more than it bears");
            }
            y[i] = x[i] + rates[i] * x[i] * (1 - x[i]);
        }
    }
    void pull_back(const double *x, const double *dy, double *dx) const
    {
        for (std::size_t i = 0; i < rates.size(); i++) {
            dx[i] = (1 + rates[i] * (1 - 2 * x[i])) * dy[i];
        }
    }

private:
    std::vector<double> rates;
    double bound;
};

// What is thrown becomes the message of a failure.
template <typename Function> int guarded(const tx_function_call *call, Function function)
{
    try {
        function(*static_cast<const logistic *>(call->user));
        return 0;
    } catch (const std::exception &caught) {
        tx_error_set(call->error, TX_FAILURE, "%s", caught.what());
    } catch (...) {
    }
    return 1;
}

int forward(const tx_function_call *call, const double *x, double *y)
{
    return guarded(call, [=](const logistic &map) { map.step(x, y); });
}

int vjp(const tx_function_call *call, const double *x, const double *dy, double *dx)
{
    return guarded(call, [=](const logistic &map) { map.pull_back(x, dy, dx); });
}

tx_status create(const tx_section *section, tx_shape shape, int, tx_error *error, tx_function *function)
{
    try {
        const std::size_t size = static_cast<std::size_t>(shape.channels * tx_shape_points(&shape));
        function->user = new logistic(size, tx_get_real(section, "rate"), tx_get_real(section, "bound"));
        return TX_OK;
    } catch (const std::exception &caught) {
        return tx_section_error(section, nullptr, error, TX_FAILURE, "%s", caught.what());
    }
}

void destroy(void *user)
{
    delete static_cast<logistic *>(user);
}

// C++ before 20 has no names in initialisers: the tables are filled in when they are first asked for.
const tx_component *component()
{
    static tx_option options[3] = {};
    static tx_plugin_map map = {};
    static tx_component logistic = {};
    options[0].name = "rate";
    options[0].type = TX_TYPE_REAL;
    options[0].initial = "0.1";
    options[0].text = "of growth in a step";
    options[1].name = "bound";
    options[1].type = TX_TYPE_REAL;
    options[1].initial = "1.0e+6";
    options[1].text = "the largest number that it bears";
    map.function.forward = forward;
    map.function.vjp = vjp;
    map.function.one_by_one = true;
    map.create = create;
    map.destroy = destroy;
    logistic.kind = TX_KIND_STEPPER;
    logistic.name = "logistic";
    logistic.summary = "logistic growth at each point";
    logistic.options = options;
    logistic.implementation = &map;
    return &logistic;
}

} // namespace

TX_PLUGIN(component())
