import os
import pytest
@pytest.mark.django_db
def test_db():
    from django.db import connection
    with connection.cursor() as c:
        c.execute("select 1"); print(os.environ["VAR_DIR"], connection.settings_dict["NAME"])
@pytest.mark.django_db
def test_db2():
    test_db()
