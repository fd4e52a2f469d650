from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = ()
    operations = (
        migrations.CreateModel(
            name="Visit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("meeting_id", models.CharField(db_index=True, max_length=100)),
                ("session_id", models.CharField(max_length=100)),
                ("person_id", models.CharField(max_length=255)),
                ("name", models.CharField(max_length=255)),
                ("joined_at", models.DateTimeField(null=True)),
                ("left_at", models.DateTimeField(null=True)),
                ("minutes", models.FloatField()),
            ],
            options={
                "ordering": ("joined_at",),
                "constraints": [models.UniqueConstraint(fields=("session_id", "person_id"), name="one_visit_a_person")],
            },
        ),
    )
