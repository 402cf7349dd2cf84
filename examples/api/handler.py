"""A service behind the sign-in: a page, an API that only the person's session opens, and a notice by mail."""

import html
import json
import os

import boto3

sessions, queue = boto3.client("lambda"), boto3.client("sqs")


def handle(event: dict, _context: object) -> dict:
    """Return the response to one request."""
    return page(event) if event["routeKey"] == "GET /{practice}" else api(event)


def page(event: dict) -> dict:
    """Return the page, or the redirect to sign in and come back."""
    request = json.dumps({**event, "type": "SESSION"})
    answer = json.load(sessions.invoke(FunctionName=os.environ["SESSION_CHECK"], Payload=request)["Payload"])
    practice = event["pathParameters"]["practice"]
    if "refused" in answer:
        return text(503 if answer["refused"] == "unavailable" else 404, "This page cannot be shown.")
    if not answer.get("profile"):
        where = "sign-in" if "signed_out" in answer else "profiles"
        return {"statusCode": 303, "headers": {"location": f"/{practice}/{where}?to=/booking/{practice}"}}
    if "appointments" not in answer["features"]:
        return text(403, "Your practice does not offer this.")
    return text(200, f"Hello {answer['person']}. You are asking for an appointment for {answer['name']}.")


def api(event: dict) -> dict:
    """Return what the authorizer said about the person. The practice and the profile come from nowhere else."""
    person = event["requestContext"]["authorizer"]["lambda"]
    if not person["profile"] or "appointments" not in person["features"]:
        return {"statusCode": 403, "body": json.dumps({"code": "not_offered"})}
    if event["routeKey"].startswith("POST"):
        notify(person, event["requestContext"]["requestId"])
    return {"statusCode": 200, "headers": {"cache-control": "no-store"}, "body": json.dumps(person)}


def notify(person: dict, request: str) -> None:
    """Ask the portal for a notice to the person. The service knows no address and no language."""
    practice, account = person["practice"], person["account"]
    notice = {"practice": practice, "account": account, "id": f"booking:{request}", "path": f"/booking/{practice}"}
    notice |= {"subject_en": "We received your request", "lines_en": ["We will answer within a day."]}
    notice |= {"subject_es": "Recibimos su solicitud", "lines_es": ["Le responderemos en un día."]}
    queue.send_message(QueueUrl=os.environ["NOTICE_QUEUE"], MessageBody=json.dumps(notice))


def text(status: int, sentence: str) -> dict:
    """Return a page with one sentence. Names come from people, so they are escaped."""
    headers = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store", "x-frame-options": "DENY"}
    return {"statusCode": status, "headers": headers, "body": f"<!doctype html><p>{html.escape(sentence)}</p>"}
