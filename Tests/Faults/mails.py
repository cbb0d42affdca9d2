"""The mails that the notification worker has written, beside what the log says of them."""

import collections


def check(log, folder, failures):
    """Figures and complaints. Each message that is called sent has its file, whole, and there is no other. `failures` are why mails
    could not be written: each was told of some, which were tried again and sent."""
    files = {path.stem: path for path in folder.rglob("*.eml")}
    attempts = _sent(log)
    refused = _refused(log)
    again = {name for name, count in attempts.items() if count > 1}
    wrong = [f"{name} is sent, and its mail is not there" for name in attempts.keys() - files.keys()]
    wrong += [f"{name} has a mail, and is not called sent" for name in files.keys() - attempts.keys()]
    wrong += [f"{path} is not whole" for name, path in files.items() if not _is_whole(path, name)]
    wrong += [f"{path} was left" for path in folder.rglob(".*")]
    for failure in failures:
        names = {name for reason, names in refused.items() if failure in reason for name in names}
        if not names:
            wrong.append(f"no mail met \"{failure}\"")
        wrong += [f"{name} met \"{failure}\", and was not sent later" for name in names - again]
    return {"mails": len(files), "mails tried again": len(again)}, wrong


def _sent(log):
    """Attempts of each message that was sent."""
    return {record.data["notification_id"]: record.data["attempts"] for record in log.read("outcome.v1")
            if record.type == "notification.changed" and record.data["state"] == "sent"}


def _refused(log):
    """Messages that were to be tried again, by the reason."""
    found = collections.defaultdict(set)
    for record in log.read("notification.v1"):
        if record.type == "notification.failed":
            for message in record.data.get("messages", [record.data]):
                if message["outcome"] == "retry":
                    found[message["reason"]].add(message["notification_id"])
    return found


def _is_whole(path, name):
    """Whether it is the message of its name up to the end: the last line closes the parts."""
    mail = path.read_bytes()
    return f"Message-ID: <{name}@".encode() in mail and mail.endswith(f"\r\n--=_{name}--\r\n".encode())
