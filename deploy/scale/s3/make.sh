#!/bin/sh
# A bucket for evidence: boxes add to it and can neither read, change nor take away; nobody takes away anything for 400 days.
# Once, by whoever keeps the store, with the AWS command line: sh make.sh BUCKET [--endpoint-url https://s3.example.org]
set -eu
bucket=$1
shift
here=$(dirname "$0")
aws "$@" s3api create-bucket --bucket "$bucket" --object-lock-enabled-for-bucket
aws "$@" s3api put-object-lock-configuration --bucket "$bucket" --object-lock-configuration "file://$here/lock.json"
aws "$@" s3api put-bucket-lifecycle-configuration --bucket "$bucket" --lifecycle-configuration "file://$here/lifecycle.json"
aws "$@" s3api put-bucket-policy --bucket "$bucket" --policy "file://$here/policy.json"
