"""A function that does as its event says."""

SOURCE = """
import os, time

calls = []

def handler(event, context):
    print("saw", sorted(event))
    calls.append(context.aws_request_id)
    if "emf" in event:
        print(event["emf"])
    if "session" in event:
        print("session", os.getsid(0))
    if "touch" in event:
        open(event["touch"], "a").write("x")
    if "until" in event:
        while not os.path.exists(event["until"]):
            time.sleep(0.01)
    if "import" in event:
        __import__(event["import"])
    if "raise" in event:
        raise ValueError(event["raise"])
    if "exit" in event:
        os._exit(3)
    if "sleep" in event:
        time.sleep(30)
    return {"name": context.function_name, "who": os.environ["AWS_ACCESS_KEY_ID"],
            "own": os.environ.get("OWN"), "home": os.environ.get("HOME"), "calls": len(calls)}
"""
