"""`capi`: the operator's command. Speaks to the platform as anybody does, over rpc, in the internal realm."""
