module serving-demo/tools/openshift-api

go 1.26.0

require github.com/openshift/api v0.0.0-20260716173118-05da40ea9855
