function Get-AgentVmSummary {
    <#
    .SYNOPSIS
    A machine as lists show it (vmSummaryData). Addresses come from its adapters, which the caller has read.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param(
        [Parameter(Mandatory = $true)] [object] $Vm,
        [Parameter(Mandatory = $true)] [hashtable] $Note,
        [AllowEmptyCollection()] [object[]] $Adapters = @()
    )
    $addresses = @($Adapters | ForEach-Object { @($_.IPAddresses) } | Where-Object { $_ -is [string] -and $_ -ne '' -and $_.Length -le 64 } | Select-Object -Unique -First 32)
    [ordered]@{
        id                  = ConvertTo-AgentId -Vm $Vm
        name                = Limit-AgentText -Text ([string]$Vm.Name) -Length 256
        state               = ConvertTo-AgentState -State $Vm.State
        description         = Limit-AgentText -Text $Note.Description -Length 4000
        tags                = @($Note.tags)
        cpus                = [Math]::Max(1, [long]$Vm.ProcessorCount)
        memory_bytes        = [long]$Vm.MemoryStartup
        os_family           = $Note.os_family
        addresses           = $addresses
        autostart           = [string]$Vm.AutomaticStartAction -cne 'Nothing'
        deletion_protection = [bool]$Note.deletion_protection
        needs_restart       = $false
    }
}
