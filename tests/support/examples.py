"""The contract's request examples, with ids of the curriculum in force."""
import datetime


def instant(minutes_ago=0):
    at = datetime.datetime.now(datetime.timezone.utc) - \
        datetime.timedelta(minutes=minutes_ago)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def day(days_ahead):
    at = datetime.datetime.now(datetime.timezone.utc)
    return (at + datetime.timedelta(days=days_ahead)).strftime("%Y-%m-%d")


def adapted(value, catalogue, recommendation=None):
    if isinstance(value, list):
        return [adapted(v, catalogue, recommendation) for v in value]
    if not isinstance(value, dict):
        return value
    swaps = {"content": catalogue["contents"][0]["id"], "at": instant(10),
             "character": catalogue["characters"][0]["id"],
             "concept": catalogue["concepts"][0]["id"],
             "recommendation_id": recommendation, "day": day(2)}
    concepts = [c["id"] for c in catalogue["concepts"]]
    made = {}
    for name, v in value.items():
        if name == "concepts":
            made[name] = [{**c, "concept": concepts[k]} if isinstance(c, dict)
                          else concepts[k] for k, c in enumerate(v)]
        elif name == "target_concepts":
            made[name] = concepts[:len(v)]
        elif name == "priority_areas":
            made[name] = [a["id"] for a in catalogue["areas"]][:len(v)]
        elif name in ("completed", "order"):
            made[name] = [c["id"] for c in catalogue["contents"]][:len(v)]
        elif name == "item":
            made["content"] = swaps["content"]
        else:
            made[name] = swaps.get(
                name, adapted(v, catalogue, recommendation))
    return made


def head_of(template):
    """Headers that an operation cannot do without."""
    return {"X-Experience-API-Version": "2.0.0"} \
        if template == "/xapi/statements" else {}
