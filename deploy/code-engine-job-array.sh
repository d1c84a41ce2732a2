#!/bin/sh
# A sweep of many accounts on IBM Cloud Code Engine: one index of the job array reads one context,
# and writes one shard into a bucket. docs/how-to/sweep-accounts.md tells how it is run.
#
#   code-engine-job-array.sh set-up    makes what the job needs, and the job
#   code-engine-job-array.sh sweep     runs it, and waits
#   code-engine-job-array.sh merge     puts the shards together, and audits them
#
# Beside it in the working folder are config.toml, contexts (one name a line, and no line without:
# index 0 takes the first) and keys.env (NAME=KEY lines, as config.toml names them). Before: select
# a Code Engine project with ibmcloud ce project select.
set -eu

IMAGE=${IMAGE:-icr.io/example/vpcmetactl:0.1.0}
BUCKET=${BUCKET:-vpcmetactl-shards}
# A folder for each sweep: a shard of yesterday would stand in for one that failed today.
SWEEP=${SWEEP:-$(date -u +%Y-%m-%d)}
COUNT=$(grep -c . contexts)

# What runs in Code Engine; the variables are those of the instance.
# shellcheck disable=SC2016
SAVE='
context=$(sed -n "$((JOB_INDEX + 1))p" /etc/vpcmetactl/contexts)
mkdir -p "/shards/$SWEEP"
code=0
vpcmetactl snapshot save "/shards/$SWEEP/shard-$JOB_INDEX.jsonl.gz" \
  --context "$context" --quiet || code=$?
# What could not be read stands in the shard, and merging says so.
[ "$code" -ne 4 ] || code=0
exit "$code"
'
# shellcheck disable=SC2016
MERGE='
cd "/shards/$SWEEP"
code=0
vpcmetactl snapshot merge shard-*.jsonl.gz -o fleet.jsonl.gz --expect "$COUNT" || code=$?
# 4: something could not be read, and the audit says so again.
[ "$code" -eq 0 ] || [ "$code" -eq 4 ] || exit "$code"
exec vpcmetactl audit run --source fleet.jsonl.gz -o html=audit.html -o json=audit.json
'

case "${1:-}" in
set-up)
  ibmcloud ce configmap create --name vpcmetactl \
    --from-file config.toml --from-file contexts
  ibmcloud ce secret create --name vpcmetactl-keys --from-env-file keys.env
  # Asks for the HMAC key of a credential of the bucket that may write.
  ibmcloud ce secret create --name vpcmetactl-bucket --format hmac \
    --secret-access-key-prompt --access-key-id-prompt
  ibmcloud ce persistentdatastore create --name vpcmetactl-shards \
    --cos-bucket-name "$BUCKET" --cos-access-secret vpcmetactl-bucket
  ibmcloud ce job create --name vpcmetactl-sweep --image "$IMAGE" \
    --command sh --argument -euc --argument "$SAVE" \
    --array-indices "0-$((COUNT - 1))" --retrylimit 2 --maxexecutiontime 7200 \
    --cpu 0.25 --memory 0.5G \
    --env VPCMETACTL_CONFIG=/etc/vpcmetactl/config.toml --env VPCMETACTL_STATE=/tmp/state.sqlite \
    --env-from-secret vpcmetactl-keys \
    --mount-configmap /etc/vpcmetactl=vpcmetactl --mount-data-store /shards=vpcmetactl-shards:
  ibmcloud ce job create --name vpcmetactl-merge --image "$IMAGE" \
    --command sh --argument -euc --argument "$MERGE" \
    --retrylimit 0 --maxexecutiontime 3600 --cpu 2 --memory 4G \
    --mount-data-store /shards=vpcmetactl-shards:
  ;;
sweep)
  ibmcloud ce jobrun submit --job vpcmetactl-sweep --name "sweep-$SWEEP" \
    --array-indices "0-$((COUNT - 1))" --env SWEEP="$SWEEP" --wait --wait-timeout 7200
  ;;
merge)
  ibmcloud ce jobrun submit --job vpcmetactl-merge --name "merge-$SWEEP" \
    --env SWEEP="$SWEEP" --env COUNT="$COUNT" --wait --wait-timeout 3600
  ;;
*)
  echo "usage: $0 set-up|sweep|merge" >&2
  exit 2
  ;;
esac
