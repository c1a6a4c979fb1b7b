-- wrk_events.lua - POST one answer of a random learner, each with its own id.
-- PIQ_BENCH: this folder; PIQ_USERS: learners 1..N; PIQ_WHAT: what is
-- answered, as members of the event, one alternative a line; PIQ_RUN: makes
-- the ids differ from those of other runs; PIQ_AUTHORIZATION: that header, or
-- empty.
dofile(os.getenv("PIQ_BENCH") .. "/wrk_report.lua")

local users = tonumber(os.getenv("PIQ_USERS"))
local run = os.getenv("PIQ_RUN")
local headers = {["Content-Type"] = "application/json",
  ["Authorization"] = os.getenv("PIQ_AUTHORIZATION")}
local what = {}
for line in os.getenv("PIQ_WHAT"):gmatch("[^\n]+") do
  what[#what + 1] = line
end

local n_threads = 0
function setup(thread)
  n_threads = n_threads + 1
  thread:set("number", n_threads)
end

function init()
  math.randomseed(os.time() + number)
end

local n = 0
local now = ""
function request()
  if n % 64 == 0 then
    now = os.date("!%Y-%m-%dT%H:%M:%SZ")
  end
  n = n + 1
  local body = string.format(
    '{"event_id":"%s-%d-%09d","at":"%s","type":"answer",%s,"correct":%s}',
    run, number, n, now, what[math.random(#what)],
    math.random() < 0.7 and "true" or "false")
  return wrk.format("POST", "/api/users/" .. math.random(users) .. "/events",
    headers, body)
end
