"""Finds a PostgreSQL or a Redis that this run may use, and prints its address. Exit 1: there is none.

services.py postgresql|redis [ADDRESS]: with an address, wait for that one.
"""

import getpass
import os
import sys
import time

import psycopg2
import redis


def postgresql(urls: list[str]) -> str | None:
    """One that lets us in and lets us make databases."""
    for url in urls:
        try:
            connection = psycopg2.connect(url, connect_timeout=3)
        except psycopg2.OperationalError:
            continue
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user")
            if cursor.fetchone() == (True,):
                return url
    return None


def redis_server(urls: list[str]) -> str | None:
    """The first of these whose database is empty."""
    for url in urls:
        try:
            if redis.Redis.from_url(url, socket_timeout=3).dbsize() == 0:
                return url
        except redis.RedisError:
            continue
    return None


def main(kind: str, *wanted: str) -> None:
    me = getpass.getuser()
    if kind == "postgresql":
        given = os.environ.get("TEST_DATABASE_URL")
        local = [
            f"postgres://{user}@127.0.0.1:5432/{name}"
            for user in ("postgres", me)
            for name in ("postgres", "test")
        ]
        find, urls = postgresql, [given] if given else local
    else:
        given = os.environ.get("TEST_REDIS_URL")
        find, urls = (
            redis_server,
            [given] if given else [f"redis://127.0.0.1:6379/{n}" for n in range(15, 0, -1)],
        )
    until = time.monotonic() + (30 if wanted else 0)
    while not (found := find(list(wanted) or urls)):
        if time.monotonic() >= until:
            sys.exit(1)
        time.sleep(0.2)
    sys.stdout.write(f"{found}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
