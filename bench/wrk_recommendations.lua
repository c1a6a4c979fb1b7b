-- wrk_recommendations.lua - GET the recommendations of random learners.
-- PIQ_BENCH: this folder; PIQ_USERS: learners 1..N; PIQ_AUTHORIZATION: that
-- header, or empty.
dofile(os.getenv("PIQ_BENCH") .. "/wrk_report.lua")

local users = tonumber(os.getenv("PIQ_USERS"))
local headers = {["Authorization"] = os.getenv("PIQ_AUTHORIZATION")}

function init()
  math.randomseed(os.time())
end

function request()
  return wrk.format("GET", "/api/users/" .. math.random(users) ..
    "/recommendations", headers)
end
