"""What an installation without DATABASE_URL and REDIS_URL runs on: a PostgreSQL and a broker of its own."""
