#include "recommend/reward.h"

#include "base/calendar.h"

static const double ACCEPTED = 0.6;
static const double IGNORED_WEIGHT = 0.25;

piq_reward piq_reward_of(piq_user_action action, uint8_t score,
                         int64_t shown_us)
{
    double rated = (score - 1) / 4.0, acted = 0;
    switch (action) {
    case PIQ_ACTION_NONE:
        if (score)
            return (piq_reward){rated, 1};
        if (shown_us < PIQ_IGNORED_HOURS * PIQ_US_PER_HOUR)
            return (piq_reward){0, 0};
        return (piq_reward){0, IGNORED_WEIGHT};
    case PIQ_ACTION_ACCEPTED:
        acted = ACCEPTED;
        break;
    case PIQ_ACTION_COMPLETED:
        acted = 1;
        break;
    case PIQ_ACTION_DISMISSED:
        break;
    }
    return (piq_reward){score ? (acted + rated) / 2 : acted, 1};
}
