"""The AWS APIs of the local cluster: moto's server with an EMR of our own inside.

`python -m emr_nb.local.aws_server --port P --state-dir D` serves S3, STS, IAM, KMS, EC2 and
all else moto has, on 127.0.0.1. EMR clusters have what moto's lack: a life (STARTING →
BOOTSTRAPPING → WAITING/RUNNING → TERMINATING → TERMINATED), steps that progress, instance
fleets, three primaries, policies, and names and addresses that are true.

Objects and clusters live in memory: they go when the process ends.

Tags (or keys of RunJobFlow's `AdditionalInfo`) that steer a cluster:

- `emr-nb:primary-dns`: the primary's public and private DNS name (several: by spaces).
- `emr-nb:id`: the cluster's id; where a live one has it, its applications and configurations
  become those of this request.
- `emr-nb:delays`: seconds, as `starting=2 bootstrapping=1 step=0.5 terminating=1`.
- `emr-nb:fail`: `bootstrap` lets the cluster end while it starts, as a bad script does.
"""
