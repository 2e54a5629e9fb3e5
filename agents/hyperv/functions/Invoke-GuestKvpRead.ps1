function Invoke-GuestKvpRead {
    <#
    .SYNOPSIS
    guest.kvp-read: what the host published (host), and of a running machine what its guest says (guest, intrinsic).
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $system = Get-AgentCimVm -Vm $vm
    $told = Get-AgentKvpHost -System $system
    $guest = $null
    $intrinsic = $null
    if ((ConvertTo-AgentState -State $vm.State) -ceq 'running') {
        $component = @(Get-CimAssociatedInstance -InputObject $system -ResultClassName 'Msvm_KvpExchangeComponent')
        if ($component.Count -gt 0) {
            $guest = Get-AgentKvpItem -Items @($component[0].GuestExchangeItems)
            $intrinsic = Get-AgentKvpItem -Items @($component[0].GuestIntrinsicExchangeItems)
        }
    }
    New-AgentResult -Message 'Read.' -Data ([ordered]@{ id = (ConvertTo-AgentId -Vm $vm); host = $told; guest = $guest; intrinsic = $intrinsic })
}
